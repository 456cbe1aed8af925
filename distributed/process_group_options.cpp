#include "process_group_options.h"

#include <cmath>
#include <cstdlib>
#include <optional>

#include "../core/error.h"
#include "../core/text.h"

namespace embark {

namespace {

std::optional<std::string> variable(const char* name) {
    const char* text = std::getenv(name);
    return text == nullptr || *text == '\0' ? std::nullopt : std::optional<std::string>(text);
}

int64_t integer(const char* name, const std::string& text) {
    const auto number = parse_int(text);
    require<UsageError>(number.has_value(), "Invalid ", name, " '", text,
                        "' in the environment: it must be an integer");
    return *number;
}

int64_t required_number(const char* name) {
    const auto text = variable(name);
    require<UsageError>(text.has_value(), "WORLD_SIZE is set in the environment and ", name,
                        " is not: start the processes with torchrun, or give each of them RANK, WORLD_SIZE, "
                        "MASTER_ADDR and MASTER_PORT");
    return integer(name, *text);
}

}  // namespace

ProcessGroupOptions launch_environment() {
    ProcessGroupOptions options;
    const auto size = variable("WORLD_SIZE");
    if (!size) return options;
    options.size = integer("WORLD_SIZE", *size);
    options.rank = required_number("RANK");
    if (options.size != 1) options.port = required_number("MASTER_PORT");
    if (const auto address = variable("MASTER_ADDR")) options.address = *address;
    if (const auto interface = variable("GLOO_SOCKET_IFNAME")) options.interface = *interface;
    if (const auto seconds = variable("EMBARK_TIMEOUT")) {
        options.timeout = parse_double(*seconds).value_or(std::nan(""));
        require<UsageError>(options.timeout > 0, "Invalid EMBARK_TIMEOUT '", *seconds,
                            "' in the environment: it must be a number of seconds above 0");
    }
    options.launcher_listens = variable("TORCHELASTIC_USE_AGENT_STORE").value_or("") == "True";
    // A launcher that starts the processes again keeps its store, and what they left there.
    options.name = variable("TORCHELASTIC_RESTART_COUNT").value_or("0");
    check(options);
    return options;
}

void check(const ProcessGroupOptions& options) {
    require<UsageError>(options.size >= 1, "Invalid number of processes ", options.size,
                        " (WORLD_SIZE): it must be at least 1");
    require<UsageError>(options.rank >= 0 && options.rank < options.size, "Invalid rank ", options.rank,
                        " (RANK): the ranks of ", options.size, " processes go from 0 to ", options.size - 1);
    require<UsageError>(options.port >= 1 && options.port <= 65535, "Invalid port ", options.port,
                        " (MASTER_PORT): it must be between 1 and 65535");
    require<UsageError>(std::isfinite(options.timeout) && options.timeout > 0, "Invalid timeout ", options.timeout,
                        ": it must be a number of seconds above 0");
}

}  // namespace embark
