#pragma once

#include <functional>
#include <string>
#include <vector>

#include <embark/callbacks/callback.h>
#include <embark/core/text.h>

namespace embark::testing {

/// Writes down every event, and acts at one of them.
class EventRecorder : public Callback {
public:
    using Action = std::function<void(TrainingState&)>;
    explicit EventRecorder(std::string at = {}, Action action = {}) : at_(std::move(at)), action_(std::move(action)) {}

    /// Calls `watch(event, state)` at every event.
    void at_every_event(std::function<void(const std::string&, TrainingState&)> watch) { watch_ = std::move(watch); }

    const std::vector<std::string>& seen() const { return seen_; }
    std::string log() const { return join(seen_, " "); }
    void clear() { seen_.clear(); }

#define EMBARK_SEE(event)                       \
    void event(TrainingState& state) override { \
        see(#event, state);                     \
    }
    EMBARK_EVENTS(EMBARK_SEE)
#undef EMBARK_SEE

private:
    void see(const std::string& event, TrainingState& state) {
        seen_.push_back(event);
        if (event == at_ && action_) action_(state);
        if (watch_) watch_(event, state);
    }

    std::string at_;
    Action action_;
    std::function<void(const std::string&, TrainingState&)> watch_;
    std::vector<std::string> seen_;
};

}  // namespace embark::testing
