#include "events.h"

#include <algorithm>
#include <exception>

#include "../../core/error.h"

namespace embark {

void refuse_null(const std::vector<std::shared_ptr<Callback>>& callbacks) {
    for (size_t i = 0; i < callbacks.size(); ++i) {
        if (callbacks[i] == nullptr)
            fail<UsageError>("Of ", callbacks.size(), " callbacks, number ", i + 1, " is null");
    }
}

Events::Events(std::vector<std::shared_ptr<Callback>> callbacks) : callbacks_(std::move(callbacks)) {
    refuse_null(callbacks_);
    std::stable_sort(callbacks_.begin(), callbacks_.end(),
                     [](const auto& a, const auto& b) { return a->order() < b->order(); });
}

void Events::cleanup(TrainingState& state) const {
    std::exception_ptr first;
    for (const auto& callback : callbacks_) {
        try {
            callback->cleanup_fit(state);
        } catch (...) {
            if (!first) first = std::current_exception();
        }
    }
    if (first) std::rethrow_exception(first);
}

void Events::cleanup_after_exception(TrainingState& state) const noexcept {
    try {
        cleanup(state);
    } catch (...) {
        // The exception that ended the fit is the one to report.
    }
}

}  // namespace embark
