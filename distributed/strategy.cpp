#include "strategy.h"

#include <algorithm>

#include <torch/types.h>
#include <nlohmann/json.hpp>

#include "../core/error.h"
#include "../core/state_dict.h"
#include "process_group.h"

namespace embark {

namespace {

at::Tensor bytes_of_text(const std::string& text) {
    const auto bytes = at::empty({static_cast<int64_t>(text.size())}, at::kByte);
    std::copy(text.begin(), text.end(), reinterpret_cast<char*>(bytes.mutable_data_ptr()));
    return bytes;
}

std::string text_of_bytes(const at::Tensor& bytes) {
    return {static_cast<const char*>(bytes.const_data_ptr()), static_cast<size_t>(bytes.numel())};
}

at::Tensor on_cpu(const at::Tensor& values) {
    return values.detach().to(at::kCPU).contiguous();
}

/// What `work` throws, as a text that travels; empty where it throws nothing.
std::string problem_of(const std::function<void()>& work) {
    try {
        work();
    } catch (const UsageError& error) {
        return concat("u", error.what());
    } catch (const std::exception& error) {
        return concat("e", error.what());
    }
    return {};
}

void throw_problem(const std::string& problem) {
    if (problem.empty()) return;
    if (problem.front() == 'u') fail<UsageError>(problem.substr(1));
    fail(problem.substr(1));
}

}  // namespace

Strategy::~Strategy() = default;

std::shared_ptr<Strategy> Strategy::from_environment() {
    if (auto group = ProcessGroup::from_environment()) return group;
    return std::make_shared<Strategy>();
}

void Strategy::require_alone(const char* exchange) const {
    require(share().is_whole(), "A strategy of ", share().size, " processes must override ", exchange);
}

Exchange Strategy::start_all_reduce(const at::Tensor&, Reduce) {
    require_alone("start_all_reduce");
    return {};
}

void Strategy::broadcast(at::Tensor&, int64_t) {
    require_alone("broadcast");
}

Tensors Strategy::all_gather_equal(const at::Tensor& rows) {
    require_alone("all_gather_equal");
    return {on_cpu(rows)};
}

Tensors Strategy::all_to_all(const Tensors& rows, const std::vector<int64_t>&) {
    require_alone("all_to_all");
    Tensors own;
    for (const auto& part : rows) own.push_back(on_cpu(part));
    return own;
}

void Strategy::all_reduce(at::Tensor& values, Reduce how) {
    if (share().is_whole()) return;
    const auto own = on_cpu(values).clone();
    start_all_reduce(own, how).wait();
    torch::NoGradGuard no_grad;
    values.copy_(own);
}

double Strategy::all_reduce(double value, Reduce how) {
    if (share().is_whole()) return value;
    const auto values = at::full({1}, value, at::kDouble);
    start_all_reduce(values, how).wait();
    return values.item<double>();
}

std::string Strategy::broadcast(const std::string& text, int64_t from) {
    auto length = at::full({1}, static_cast<int64_t>(text.size()), at::kLong);
    broadcast(length, from);
    auto bytes = share().rank == from ? bytes_of_text(text) : at::empty({length.item<int64_t>()}, at::kByte);
    broadcast(bytes, from);
    return text_of_bytes(bytes);
}

TensorFile Strategy::broadcast(const TensorFile& content) {
    using Json = nlohmann::json;
    if (share().is_whole()) return content;
    Json outline = {{"metadata", content.metadata}, {"tensors", Json::array()}};
    for (const auto& [name, tensor] : content.tensors) {
        outline["tensors"].push_back({name, static_cast<int>(tensor.scalar_type()), tensor.sizes().vec()});
    }
    outline = Json::parse(broadcast(is_main_process() ? outline.dump() : std::string()));
    TensorFile received;
    received.metadata = outline["metadata"].get<std::map<std::string, std::string>>();
    for (const auto& entry : outline["tensors"]) {
        const auto name = entry[0].get<std::string>();
        auto values = is_main_process() ? content.tensors.at(name)
                                        : torch::empty(entry[2].get<std::vector<int64_t>>(),
                                                       static_cast<at::ScalarType>(entry[1].get<int>()));
        broadcast(values);
        received.tensors[name] = values;
    }
    return received;
}

Tensors Strategy::all_gather(const at::Tensor& rows) {
    const auto own = on_cpu(rows);
    if (share().is_whole()) return {own};
    // Tensors of one shape are gathered: first their lengths, then all as long as the longest.
    int64_t longest = 0;
    std::vector<int64_t> lengths;
    for (const auto& length : all_gather_equal(at::full({1}, own.size(0), at::kLong))) {
        lengths.push_back(length.item<int64_t>());
        longest = std::max(longest, lengths.back());
    }
    auto shape = own.sizes().vec();
    shape.front() = longest;
    auto padded = own;
    if (own.size(0) < longest) {
        padded = at::zeros(shape, own.options());
        padded.narrow(0, 0, own.size(0)).copy_(own);
    }
    Tensors all(lengths.size(), padded);
    if (padded.numel() > 0) all = all_gather_equal(padded);
    for (size_t r = 0; r < all.size(); ++r) all[r] = all[r].narrow(0, 0, lengths[r]);
    return all;
}

std::vector<std::string> Strategy::all_gather(const std::string& text) {
    std::vector<std::string> texts;
    for (const auto& bytes : all_gather(bytes_of_text(text))) texts.push_back(text_of_bytes(bytes.contiguous()));
    return texts;
}

Tensors Strategy::all_to_all(const Tensors& rows) {
    const auto size = share().size;
    require(std::ssize(rows) == size, "all_to_all was given ", rows.size(), " tensors: it needs one for each of ", size,
            " processes");
    Tensors lengths;
    for (const auto& part : rows) lengths.push_back(at::full({1}, part.size(0), at::kLong));
    std::vector<int64_t> to_get;
    for (const auto& length : all_to_all(lengths, std::vector<int64_t>(rows.size(), 1))) {
        to_get.push_back(length.item<int64_t>());
    }
    return all_to_all(rows, to_get);
}

TensorFile Strategy::read_by_main_process(const std::function<TensorFile()>& read) {
    TensorFile content;
    write_by_main_process([&] { content = read(); });
    return broadcast(content);
}

void Strategy::write_by_main_process(const std::function<void()>& write) {
    if (share().is_whole()) return write();
    throw_problem(broadcast(is_main_process() ? problem_of(write) : std::string()));
}

void Strategy::run_in_all(const std::function<void()>& work) {
    if (share().is_whole()) return work();
    for (const auto& problem : all_gather(problem_of(work))) throw_problem(problem);
}

at::Tensor Strategy::rng_states() {
    return share().is_whole() ? rng_state() : torch::cat(all_gather(rng_state().unsqueeze(0)));
}

void Strategy::set_rng_states(const at::Tensor& saved) const {
    const auto [rank, size, of] = share();
    const auto rows = saved.dim() == 2 ? saved : saved.unsqueeze(0);
    set_rng_state(rows[rank % rows.size(0)].clone());
    if (rows.size(0) != size && rank > 0) set_seed(torch::randint(1 << 30, {1}).item<int64_t>() + rank);
}

void Strategy::identify(StateDict& fit) const {
    if (!share().is_whole()) fit.set("number of processes", share().size);
}

}  // namespace embark
