#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "row_gradient.h"

namespace embark {

/// One trained tensor of a model, under the model's own name for it.
struct Parameter {
    std::string name;   ///< the model's own, "layers.0.weight"
    at::Tensor tensor;  ///< its values, which steps change; its gradient is where autograd leaves it
    /// Whether weight decay applies: not for norm layers and for the biases of layers, unless asked.
    bool decay = true;
    /// Of a norm layer: trained in frozen groups too, unless asked otherwise.
    bool norm = false;
    /// Its own weight decay, in the place of its group's "wd".
    std::optional<double> weight_decay = {};
};

/// Hyper-parameters by fastai's names: "lr", "mom", "sqr_mom", "eps", "wd", and where an optimizer has more "beta",
/// "nu_1", "nu_2", "trust_coeff".
using HyperParameters = std::map<std::string, double>;

/// Parameters that are trained with the same hyper-parameters.
struct ParameterGroup {
    std::vector<Parameter> parameters;  ///< each with its name
    HyperParameters hyper = {};         ///< what is not named gets the optimizer's default
};

/// Moves parameters along their gradients. Every hyper-parameter can be set for each group at any step, which is what
/// schedules do. Not thread-safe.
class Optimizer {
public:
    /// `defaults` are the hyper-parameters of groups that don't set their own.
    Optimizer(std::vector<ParameterGroup> groups, const HyperParameters& defaults);
    virtual ~Optimizer();
    Optimizer(const Optimizer&) = delete;
    Optimizer& operator=(const Optimizer&) = delete;

    /// One step with the gradients that the parameters have; those without a gradient stay as they are.
    virtual void step() = 0;

    /// Drops all gradients.
    void zero_grad();

    /// Whether step_rows() is there: for adam() with decoupled weight decay, and wherever updates are lazy.
    virtual bool steps_rows() const { return false; }
    /// The same step as step() takes when these are the parameters' gradients, for those parameters alone. Rows without
    /// a gradient move and decay as ever, unless updates are lazy. Throws Error where steps_rows() is false or a
    /// parameter is not this optimizer's.
    virtual void step_rows(std::span<const RowGradient> gradients);

    /// From now on a gradient given by rows, to step_rows() or as a sparse tensor, moves these rows and their state
    /// alone: untouched rows neither decay nor keep moving by their moment estimates, and a step costs what its batch
    /// costs, however large the table. Throws UsageError for an optimizer that has no such update: all but adam(),
    /// adagrad() and sgd().
    virtual void update_lazily();

    /// The groups as they are now, first to last.
    const std::vector<ParameterGroup>& groups() const { return groups_; }

    /// Sets a hyper-parameter of every group. Throws Error for a name that this optimizer does not have, and lists
    /// those it has.
    void set_hyper(const std::string& name, double value);
    /// One value a group. Throws Error where the number of values is not that of the groups.
    void set_hyper(const std::string& name, const std::vector<double>& values);
    /// The value in the last group (fastai's opt.hypers[-1]).
    double hyper(const std::string& name) const;
    /// The weight decay of a parameter of group `group`: its own, or the group's, or 0 where it does not decay.
    double weight_decay(size_t group, const Parameter& parameter) const;
    /// Whether this optimizer has a hyper-parameter of that name.
    bool has_hyper(const std::string& name) const;

    /// All that a step depends on besides parameters, gradients and hyper-parameters, by "<parameter's name>.<what>":
    /// moments and step counts. Moments are this optimizer's own tensors, not copies.
    virtual std::map<std::string, at::Tensor> state() const = 0;
    /// Takes over what state() gave. Throws Error, and changes nothing, where a name is missing or unexpected or a
    /// shape differs.
    virtual void load_state(const std::map<std::string, at::Tensor>& state) = 0;
    /// Drops all of it: the next step is as of a new optimizer. Hyper-parameters stay.
    void clear_state() { load_state({}); }
    /// The parameters were set to other values than a step gave them, as those of an earlier epoch: state that is made
    /// of the parameters themselves, as lookahead's slow weights, begins anew from these; moments stay.
    virtual void weights_replaced() {}

protected:
    /// Called after hyper-parameter `name` was set, for optimizers that keep theirs elsewhere.
    virtual void hyper_changed(const std::string& name);

    std::vector<ParameterGroup> groups_;  ///< groups(), for the optimizers that derive from it
};

/// Makes an optimizer for a model's parameter groups: what LearnerOptions::optimizer takes.
using OptimizerFactory = std::function<std::unique_ptr<Optimizer>(std::vector<ParameterGroup>)>;

/// fastai's defaults for Adam.
struct AdamOptions {
    double momentum = 0.9;       ///< "mom": how much of m a step keeps
    double sqr_momentum = 0.99;  ///< "sqr_mom": how much of v a step keeps
    double eps = 1e-5;           ///< "eps": added to the denominator
    double weight_decay = 0.01;  ///< "wd"
    /// Whether weights decay apart from the gradients (AdamW), or wd·p is added to the gradients (L2).
    bool decouple_wd = true;
};

/// Adam in fastai's form, on LibTorch's fused kernels: p ← p·(1 − lr·wd) or g ← g + wd·p, then
/// p ← p − lr/(1−mom^t) · m / (√(v/(1−sqr_mom^t)) + eps), where m and v are the averages of the gradients g and of
/// their squares, and t counts the parameter's steps. <embark/optim/optimizers.h> has fastai's other optimizers.
OptimizerFactory adam(const AdamOptions& options = {});

}  // namespace embark
