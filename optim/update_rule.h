#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "optimizer.h"

namespace embark {

/// What a step moves together: parameters of one group that have gradients, the same weight decay, and have taken the
/// same number of steps, so that one number serves them all in every formula. The lists belong together entry
/// by entry.
struct DenseUpdate {
    std::vector<at::Tensor> parameters,  ///< to be moved
        gradients;                       ///< what moves each
    /// What is kept for each parameter from step to step, by UpdateRule::state's names.
    std::map<std::string, std::vector<at::Tensor>> state;
    /// The step's number, from 1; 0 where the rule does not count steps.
    int64_t step = 0;
    /// Optimizer::weight_decay; 0 where the rule has no "wd".
    double wd = 0;
    const HyperParameters* hypers = nullptr;  ///< the group's; see hyper()

    /// The group's hyper-parameter `name`. Throws Error where the rule has none of that name.
    double hyper(const std::string& name) const;
    /// Empties the lists. They keep their memory from step to step, but must not keep gradients alive between them.
    void clear();
};

/// What a step moves where a table's gradient is given by rows.
struct RowUpdate {
    /// (rows, width): float32, contiguous, on the CPU, as is all of its state.
    at::Tensor parameter;
    /// Distinct rows of the table.
    std::span<const int64_t> rows;
    std::span<const float> gradients;  ///< the rows' gradients, one after the other: rows.size() · width numbers
    /// What is kept for it, in the order of UpdateRule::state.
    const std::vector<at::Tensor>& state;
    /// As DenseUpdate's.
    int64_t step = 0;
    double wd = 0;                  ///< as DenseUpdate::wd
    const HyperParameters& hypers;  ///< the group's; see hyper()
    /// Whether untouched rows stay as they are.
    bool lazy = false;

    /// As DenseUpdate::hyper.
    double hyper(const std::string& name) const;
    /// The numbers of the parameter or of one of its states.
    float* values(const at::Tensor& tensor) const { return tensor.mutable_data_ptr<float>(); }
};

/// An optimizer as what sets it apart from others: how parameters move, what is kept for each of them between steps,
/// and its hyper-parameters. Groups, schedules, counting, saving and resuming are the same for all.
///
///     const OptimizerFactory sign_sgd = optimizer_of({.name = "SignSGD", .step = [](DenseUpdate& update) {
///         for (size_t i = 0; i < update.parameters.size(); ++i) {
///             update.parameters[i].sub_(update.gradients[i].sign(), update.hyper("lr"));
///         }
///     }});
struct UpdateRule {
    /// The optimizer's name, for messages.
    std::string name;
    /// Hyper-parameters of groups that do not set their own, besides "lr". One named "wd" is what a fit's weight decay
    /// sets, one named "mom" what one-cycle schedules.
    HyperParameters hypers = {};
    /// Names of the tensors that are kept for each parameter; they have its shape and type, and begin at 0. They are
    /// saved as "<parameter's name>.<name>".
    std::vector<std::string> state = {};
    /// Whether each parameter's steps are counted, which becomes the saved "step".
    bool counts_steps = false;
    /// Moves the parameters, in place, and updates their state, in place. Called without autograd, for each
    /// DenseUpdate of a step in turn.
    std::function<void(DenseUpdate&)> step = {};
    /// Moves a parameter whose gradient is given by rows; empty where the optimizer cannot. Called without autograd;
    /// where it is lazy, by several threads at once, each with rows of its own.
    std::function<void(const RowUpdate&)> step_rows = {};
    /// Whether step_rows also does what a step does to the other rows, unless it is told to be lazy.
    bool moves_untouched_rows = false;
};

/// Optimizers that step by `rule`. Throws UsageError where it has no name or no step, or a name of its state twice,
/// with a point, or "step".
OptimizerFactory optimizer_of(UpdateRule rule);

/// Adds "mom" and the averages "grad_avg" to `rule`, unless `momentum` is 0.
void add_momentum(UpdateRule& rule, double momentum);
/// Whether add_momentum did so.
bool has_momentum(const DenseUpdate& update);

/// With `decouple` p ← p·(1 − lr·wd), fastai's weight_decay. Else g ← g + wd·p, its l2_reg, in the update's list alone:
/// the gradients that the parameters hold stay as they are.
void decay_weights(DenseUpdate& update, bool decouple);

/// grad_avg ← mom·grad_avg + d·g with d = 1 − mom where `dampening`, else 1.
void average_grad(DenseUpdate& update, bool dampening);

/// sqr_avg ← sqr_mom·sqr_avg + (1 − sqr_mom)·g².
void average_sqr_grad(DenseUpdate& update);

/// 1 − momentum^step: how much of a dampened average has come in after `step` steps.
double debias(double momentum, int64_t step);

/// √(sqr_avg / (1 − sqr_mom^step)) + eps, Adam's denominators.
std::vector<at::Tensor> debiased_rms(const DenseUpdate& update);

}  // namespace embark
