#include "main_process.h"

#include <torch/types.h>
#include <nlohmann/json.hpp>

#include "../core/error.h"
#include "process_group.h"

namespace embark {

TensorFile broadcast(ProcessGroup& processes, const TensorFile& content) {
    using Json = nlohmann::json;
    Json outline = {{"metadata", content.metadata}, {"tensors", Json::array()}};
    for (const auto& [name, tensor] : content.tensors) {
        outline["tensors"].push_back({name, static_cast<int>(tensor.scalar_type()), tensor.sizes().vec()});
    }
    outline = Json::parse(processes.broadcast(processes.is_main_process() ? outline.dump() : std::string()));
    if (processes.is_main_process()) {
        for (const auto& [name, tensor] : content.tensors) {
            auto values = tensor;
            processes.broadcast(values);
        }
        return content;
    }
    TensorFile received;
    received.metadata = outline["metadata"].get<std::map<std::string, std::string>>();
    for (const auto& entry : outline["tensors"]) {
        auto values =
            torch::empty(entry[2].get<std::vector<int64_t>>(), static_cast<at::ScalarType>(entry[1].get<int>()));
        processes.broadcast(values);
        received.tensors[entry[0].get<std::string>()] = values;
    }
    return received;
}

namespace {

/// The message of what `work` throws; empty where it throws nothing.
std::string problem_of(const std::function<void()>& work) {
    try {
        work();
    } catch (const std::exception& error) {
        return error.what();
    }
    return {};
}

}  // namespace

void run_in_all(ProcessGroup* processes, const std::function<void()>& work) {
    if (processes == nullptr) return work();
    for (const auto& problem : processes->all_gather(problem_of(work))) require(problem.empty(), problem);
}

void write_by_main_process(ProcessGroup* processes, const std::function<void()>& write) {
    if (processes == nullptr) return write();
    const auto problem = processes->broadcast(processes->is_main_process() ? problem_of(write) : std::string());
    require(problem.empty(), problem);
}

TensorFile read_by_main_process(ProcessGroup* processes, const std::function<TensorFile()>& read) {
    if (processes == nullptr) return read();
    TensorFile content;
    write_by_main_process(processes, [&] { content = read(); });
    return broadcast(*processes, content);
}

}  // namespace embark
