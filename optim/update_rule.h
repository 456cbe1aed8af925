#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "detail/row_kernels.h"
#include "optimizer.h"

namespace embark {

/// What a step moves together: parameters of one group that have gradients, that all decay or all do not, and that have
/// taken equally many steps, so that one number serves them all in every formula. The lists belong together entry by
/// entry. For update rules; not part of the public interface.
struct Part {
    std::vector<at::Tensor> parameters, gradients;
    /// What is kept for each parameter from step to step, by UpdateRule::state's names.
    std::map<std::string, std::vector<at::Tensor>> state;
    /// The step's number, from 1; 0 where the rule does not count steps.
    int64_t step = 0;
    /// The group's weight decay; 0 for parameters that do not decay.
    double wd = 0;
    const HyperParameters* hypers = nullptr;

    /// The group's hyper-parameter `name`.
    double hyper(const std::string& name) const { return hypers->at(name); }
    /// Empties the lists. They keep their memory from step to step, but must not keep gradients alive between them.
    void clear();
};

/// What a step moves where a table's gradient is given by rows. For update rules; not part of the public interface.
struct RowPart {
    /// float32, contiguous, on the CPU, as is all of its state.
    at::Tensor parameter;
    rows::Touched touched;
    /// What is kept for it, in the order of UpdateRule::state.
    const std::vector<at::Tensor>& state;
    /// As Part's.
    int64_t step = 0;
    double wd = 0;
    const HyperParameters& hypers;
    /// Whether untouched rows stay as they are.
    bool lazy = false;

    double hyper(const std::string& name) const { return hypers.at(name); }
    /// The numbers of the parameter or of one of its states.
    float* values(const at::Tensor& tensor) const { return tensor.mutable_data_ptr<float>(); }
};

/// An optimizer as what sets it apart from others. Not part of the public interface.
struct UpdateRule {
    /// The optimizer's name, for messages.
    std::string name;
    /// Hyper-parameters of groups that do not set their own, besides "lr".
    HyperParameters hypers = {};
    /// Names of the tensors that are kept for each parameter; they have its shape and begin at 0.
    std::vector<std::string> state = {};
    /// Whether each parameter's steps are counted, which becomes the saved "step".
    bool counts_steps = false;
    /// Moves a part's parameters. Called without autograd.
    std::function<void(Part&)> step;
    /// Moves a parameter whose gradient is given by rows; none where the optimizer cannot. Called without autograd;
    /// where it is lazy, by several threads at once, each with rows of its own.
    std::function<void(const RowPart&)> step_rows = {};
    /// Whether step_rows also does what a step does to the other rows, unless it is told to be lazy.
    bool moves_untouched_rows = false;
};

/// Optimizers that step by `rule`.
OptimizerFactory optimizer_of(UpdateRule rule);

/// Adds "mom" and the averages "grad_avg" to `rule`, unless `momentum` is 0.
void add_momentum(UpdateRule& rule, double momentum);
/// Whether add_momentum did so.
bool has_momentum(const Part& part);

/// With `decouple` p ← p·(1 − lr·wd), fastai's weight_decay. Else g ← g + wd·p, its l2_reg, in the part's list alone:
/// the gradients that the parameters hold stay as they are.
void decay_weights(Part& part, bool decouple);

/// grad_avg ← mom·grad_avg + d·g with d = 1 − mom where `dampening`, else 1.
void average_grad(Part& part, bool dampening);

/// sqr_avg ← sqr_mom·sqr_avg + (1 − sqr_mom)·g².
void average_sqr_grad(Part& part);

/// 1 − momentum^step: how much of a dampened average has come in after `step` steps.
double debias(double momentum, int64_t step);

/// √(sqr_avg / (1 − sqr_mom^step)) + eps, Adam's denominators.
std::vector<at::Tensor> debiased_rms(const Part& part);

}  // namespace embark
