#pragma once

#include <memory>
#include <vector>

#include "../callback.h"
#include "../training_state.h"

namespace embark {

/// Throws UsageError where one is null.
void refuse_null(const std::vector<std::shared_ptr<Callback>>& callbacks);

/// Callbacks in the order in which they are called: by order(), those of equal order as they were added.
class Events {
public:
    explicit Events(std::vector<std::shared_ptr<Callback>> callbacks);

    /// Sends `event` to every callback.
    void send(Event event, TrainingState& state) const {
        for (const auto& callback : callbacks_) (callback.get()->*event)(state);
    }

    /// Calls cleanup_fit of every callback, also where one throws; the first exception is thrown at the end.
    void cleanup(TrainingState& state) const;

    /// The same while an exception is being handled, which stays the one that is thrown.
    void cleanup_after_exception(TrainingState& state) const noexcept;

    const std::vector<std::shared_ptr<Callback>>& callbacks() const { return callbacks_; }

private:
    std::vector<std::shared_ptr<Callback>> callbacks_;
};

}  // namespace embark
