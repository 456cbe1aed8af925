#include "param_scheduler.h"

#include "../core/error.h"
#include "../optim/optimizer.h"
#include "training_state.h"

namespace embark {

ParamScheduler::ParamScheduler(Schedules schedules) : groups_{std::move(schedules)} {}

ParamScheduler::ParamScheduler(std::vector<Schedules> groups) : groups_(std::move(groups)) {
    require<UsageError>(!groups_.empty(), "ParamScheduler was given no schedules");
    for (const auto& group : groups_) {
        for (const auto& [name, schedule] : groups_.front()) {
            require<UsageError>(group.size() == groups_.front().size() && group.contains(name),
                                "Every parameter group needs schedules for the same hyper-parameters");
        }
    }
}

void ParamScheduler::before_fit(TrainingState& state) {
    const size_t n_groups = state.optimizer->groups().size();
    require<UsageError>(groups_.size() == 1 || groups_.size() == n_groups, "ParamScheduler has schedules for ",
                        groups_.size(), " parameter groups, the optimizer has ", n_groups);
    for (const auto& [name, schedule] : groups_.front()) {
        state.optimizer->hyper(name);  // throws for an unknown name
        state.scheduled.insert(name);
    }
}

void ParamScheduler::before_batch(TrainingState& state) {
    if (!state.training) return;
    if (groups_.size() == 1) {
        for (const auto& [name, schedule] : groups_.front())
            state.optimizer->set_hyper(name, schedule(state.pct_train));
        return;
    }
    for (const auto& [name, schedule] : groups_.front()) {
        std::vector<double> values;
        for (const auto& group : groups_) values.push_back(group.at(name)(state.pct_train));
        state.optimizer->set_hyper(name, values);
    }
}

std::shared_ptr<ParamScheduler> param_scheduler(Schedules schedules) {
    return std::make_shared<ParamScheduler>(std::move(schedules));
}

std::shared_ptr<ParamScheduler> param_scheduler(std::vector<Schedules> groups) {
    return std::make_shared<ParamScheduler>(std::move(groups));
}

}  // namespace embark
