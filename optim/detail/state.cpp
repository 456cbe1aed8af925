#include "state.h"

#include <cmath>

#include <torch/types.h>

#include "../../core/error.h"
#include "../../core/text.h"

namespace embark {

StateReader::StateReader(std::string what, const std::map<std::string, at::Tensor>& state)
    : what_(std::move(what)), state_(state) {}

bool StateReader::has_any(const std::string& parameter, const std::vector<std::string>& parts) const {
    for (const auto& part : parts) {
        if (state_.contains(parameter + "." + part)) return true;
    }
    return false;
}

at::Tensor StateReader::take(const std::string& name, at::IntArrayRef shape, const at::TensorOptions& options) {
    taken_.insert(name);
    const auto found = state_.find(name);
    if (found == state_.end()) {
        problems_.push_back("missing " + name);
        return {};
    }
    if (found->second.sizes() != shape) {
        problems_.push_back(concat("wrong shape ", found->second.sizes(), " of ", name, ", it should be ", shape));
        return {};
    }
    return found->second.detach().to(options.requires_grad(false), /*non_blocking=*/false, /*copy=*/true);
}

int64_t StateReader::take_count(const std::string& name) {
    const auto tensor = take(name, {}, at::TensorOptions().dtype(at::kDouble).device(at::kCPU));
    if (!tensor.defined()) return 0;
    const double count = tensor.item<double>();
    if (count >= 0 && count < 1e15 && count == std::floor(count)) return static_cast<int64_t>(count);
    problems_.push_back(concat("wrong count ", count, " of ", name));
    return 0;
}

void StateReader::finish() const {
    auto problems = problems_;
    for (const auto& [name, tensor] : state_) {
        if (!taken_.contains(name)) problems.push_back("unexpected " + name);
    }
    require(problems.empty(), "The saved state does not fit the optimizer ", what_, ": ", join(problems, "; "));
}

}  // namespace embark
