#pragma once

#include <memory>
#include <vector>

#include "../optim/schedule.h"
#include "callback.h"

namespace embark {

/// Sets hyper-parameters by schedules before every training batch, from TrainingState::pct_train.
class ParamScheduler : public Callback {
public:
    /// The same schedules for every parameter group.
    explicit ParamScheduler(Schedules schedules);
    /// A set of schedules for each parameter group.
    explicit ParamScheduler(std::vector<Schedules> groups);
    int order() const override { return 60; }
    std::string name() const override { return "param_scheduler"; }

    /// A set of schedules for each parameter group, or one for all.
    const std::vector<Schedules>& groups() const { return groups_; }

    void before_fit(TrainingState& state) override;
    void before_batch(TrainingState& state) override;

private:
    std::vector<Schedules> groups_;
};

/// A ParamScheduler, as something to give a Learner.
std::shared_ptr<ParamScheduler> param_scheduler(Schedules schedules);
/// The same with schedules of its own for each parameter group, first to last.
std::shared_ptr<ParamScheduler> param_scheduler(std::vector<Schedules> groups);

}  // namespace embark
