#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iostream>
#include <limits>
#include <optional>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <embark/core/error.h>
#include <embark/core/file.h>
#include <embark/core/text.h>

#include "harness.h"
#include "mutate.h"

// fuzz NAME 60s [SEED]       gives a harness mutated and forged inputs for that long
// fuzz NAME 1000000 [SEED]   gives it so many mutated ones
// fuzz NAME FILE…            gives it these
//
// Every fourth input is forged where the harness can forge; those come on top of the number. What is read lies in
// NAME.input in the working folder, so that it is there after a crash.
namespace embark::fuzz {
namespace {

/// A file that always has the input at hand, whatever becomes of the process: its memory is the kernel's.
class LastInput {
public:
    explicit LastInput(const std::string& path) {
        const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        const bool made = descriptor >= 0 && ftruncate(descriptor, kSize) == 0;
        require(made, "Cannot write ", path);
        memory_ = static_cast<char*>(mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0));
        close(descriptor);
        require(memory_ != MAP_FAILED, "Cannot map ", path);
    }
    ~LastInput() { munmap(memory_, kSize); }
    LastInput(const LastInput&) = delete;
    LastInput& operator=(const LastInput&) = delete;

    /// Its size and then its bytes.
    void put(const std::string& bytes) {
        const uint64_t size = std::min(bytes.size(), kSize - sizeof size);
        std::memcpy(memory_, &size, sizeof size);
        std::memcpy(memory_ + sizeof size, bytes.data(), size);
    }

private:
    static constexpr size_t kSize = 4 << 20;
    char* memory_;
};

const Harness& harness_named(const std::string& name) {
    std::vector<std::string> names;
    for (const Harness& harness : all_harnesses()) {
        if (harness.name == name) return harness;
        names.push_back(harness.name);
    }
    fail<UsageError>("There is no harness '", name, "'", name_hint(name, names));
}

/// How long a harness is given inputs: for a time, or until so many were mutated.
struct Limit {
    double seconds = std::numeric_limits<double>::infinity();
    int64_t mutated = std::numeric_limits<int64_t>::max();
};

/// "60s" or "1000000"; nothing for a file's name.
std::optional<Limit> parse_limit(std::string_view word) {
    if (const auto count = parse_int(word)) return Limit{.mutated = *count};
    if (!word.ends_with('s')) return {};
    const auto seconds = parse_double(word.substr(0, word.size() - 1));
    return seconds ? std::optional(Limit{.seconds = *seconds}) : std::nullopt;
}

/// How many inputs there were, and how many of them were accepted.
struct Count {
    int64_t inputs = 0, accepted = 0;
};

std::ostream& operator<<(std::ostream& out, const Count& count) {
    return out << count.inputs << " (" << count.accepted << " accepted)";
}

void run_inputs(const Harness& harness, const Limit& limit, uint64_t seed) {
    using Clock = std::chrono::steady_clock;
    const std::vector<std::string> seeds = harness.seeds();
    for (const std::string& sound : seeds) harness.run(sound);  // else it would be mutations of what is refused anyway
    LastInput last(harness.name + ".input");
    std::mt19937_64 random(seed);
    Count mutated_ones, forged_ones;
    const auto run = [&](const std::string& input, Count& count) {
        last.put(input);
        ++count.inputs;
        count.accepted += run_one(harness, input) ? 1 : 0;
    };
    const auto begin = Clock::now();
    const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
    while (mutated_ones.inputs < limit.mutated && seconds() < limit.seconds) {
        const std::string& sound = seeds[below(seeds.size(), random)];
        run(mutated(sound, seeds, random), mutated_ones);
        if (harness.forge && mutated_ones.inputs % 3 == 0) run(harness.forge(sound, random), forged_ones);
    }
    std::cout << harness.name << ": " << mutated_ones << " mutated and " << forged_ones << " forged inputs in "
              << static_cast<int64_t>(seconds()) << " s" << std::endl;
    unlink((harness.name + ".input").c_str());
}

int run(const std::vector<std::string>& words) {
    require<UsageError>(words.size() > 1, "Usage: fuzz NAME SECONDSs|INPUTS [SEED] or fuzz NAME FILE…");
    const Harness& harness = harness_named(words[0]);
    const auto limit = parse_limit(words[1]);
    if (!limit) {
        for (size_t i = 1; i < words.size(); ++i) run_one(harness, read_file(words[i]));
        return 0;
    }
    const auto seed = words.size() > 2 ? parse_int(words[2]) : 1;
    require<UsageError>(seed.has_value(), "The seed must be an integer, and is '", words[2], "'");
    run_inputs(harness, *limit, static_cast<uint64_t>(*seed));
    return 0;
}

}  // namespace
}  // namespace embark::fuzz

int main(int argc, char** argv) {
    try {
        return embark::fuzz::run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        std::cerr << "fuzz: " << error.what() << "\n";
        return 1;
    }
}
