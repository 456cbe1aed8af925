#pragma once

#include <map>
#include <string>
#include <vector>

#include "../../optim/optimizer.h"

namespace torch::nn {
class Module;
}

namespace embark {

/// Throws UsageError for a weight decay that is not a number of at least 0.
void check_weight_decay(double weight_decay);

/// The parameters of `module` under their full names, in a group for each entry of `names`, which lists modules and
/// parameters: {{"embeddings"}, {"layers", "head.weight"}}; all in one group where there are no names. Parameters of
/// norm layers and every one named `bias` are marked as not to decay unless `wd_bn_bias` (fastai's norm_bias_params);
/// embeddings, biases among them, decay. A tensor that is registered under several names, as tied weights and shared
/// modules are, is one parameter under the first of them, in the group that lists it first by these names. Throws Error
/// for a name that is not there and for parameters that are in no group or in two, and lists them.
std::vector<ParameterGroup> parameter_groups(const torch::nn::Module& module,
                                             const std::vector<std::vector<std::string>>& names, bool wd_bn_bias);

/// Gives the parameters that `decays` names, or modules around them, weight decay of their own. Throws Error for a name
/// that is not there, and UsageError for a decay that is not a number of at least 0.
void set_weight_decays(std::vector<ParameterGroup>& groups, const std::map<std::string, double>& decays);

/// Trains the groups from number `n` on and freezes those before it, but for norm layers where `train_bn` (fastai's
/// freeze_to). A negative `n` counts from the end. Throws UsageError for an `n` beyond the groups.
void freeze_groups(const std::vector<ParameterGroup>& groups, int64_t n, bool train_bn);

}  // namespace embark
