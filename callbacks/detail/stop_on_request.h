#pragma once

#include <limits>
#include <stop_token>

#include "../callback.h"

namespace embark {

/// Ends the fit, after the batch at hand, once its stop token asks for it: of several processes, after the training
/// batch in which all know that one of them was asked.
class StopOnRequest : public Callback {
public:
    explicit StopOnRequest(std::stop_token stop) : stop_(std::move(stop)) {}
    /// After every other callback, whatever its order: what these do at an event is in a checkpoint that is written
    /// then.
    int order() const override { return std::numeric_limits<int>::max(); }
    std::string name() const override { return "stop_on_request"; }
    void before_batch(TrainingState& state) override;
    void after_batch(TrainingState& state) override;

protected:
    /// Called once, before the fit is asked to end.
    virtual void before_stop(TrainingState&) {}
    bool stopped() const { return stopped_; }

private:
    std::stop_token stop_;
    bool stopped_ = false;
};

}  // namespace embark
