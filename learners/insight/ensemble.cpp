#include "ensemble.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <torch/torch.h>

#include "../../core/error.h"
#include "../detail/metric_units.h"
#include "../export/detail/module_mirror.h"
#include "detail/ensemble_members.h"

namespace embark {

/// Not in an anonymous namespace, which would stand in the name that exported files and messages have.
class EnsembleImpl : public torch::nn::Module {
public:
    EnsembleImpl(std::vector<Model> members, std::vector<EnsembleAveraging> outputs, std::vector<double> shares)
        : members_(std::move(members)), outputs_(std::move(outputs)), shares_(std::move(shares)) {
        torch::nn::ModuleList modules;
        for (const Model& member : members_) modules->push_back(member.ptr());
        register_module("members", modules);
    }

    void pretty_print(std::ostream& stream) const override {
        stream << "embark::Ensemble(members=" << members_.size() << ")";
    }

    Tensors forward(const Tensors& inputs) {
        std::vector<Tensors> given;  // what the members give for each output
        for (const Model& member : members_) {
            const Tensors outputs = member(inputs);
            require(outputs.size() == outputs_.size(), "A member of the ensemble gives ", outputs.size(),
                    " outputs, where there are to be ", outputs_.size());
            given.resize(outputs.size());
            for (size_t i = 0; i < outputs.size(); ++i) given[i].push_back(outputs[i]);
        }
        Tensors averages;
        for (size_t i = 0; i < given.size(); ++i) averages.push_back(average(given[i], outputs_[i]));
        return averages;
    }

private:
    at::Tensor average(const Tensors& outputs, EnsembleAveraging how) const {
        switch (how) {
            case EnsembleAveraging::softmax:
                return log_mean(outputs, [](const at::Tensor& logits) { return torch::log_softmax(logits, -1); });
            case EnsembleAveraging::sigmoid:
                return log_mean(outputs, [](const at::Tensor& logits) { return torch::log_sigmoid(logits); }) -
                       log_mean(outputs, [](const at::Tensor& logits) { return torch::log_sigmoid(-logits); });
            case EnsembleAveraging::values:
                break;
        }
        at::Tensor total = outputs[0] * shares_[0];
        for (size_t i = 1; i < outputs.size(); ++i) total = total + outputs[i] * shares_[i];
        return total;
    }

    /// The logarithm of the mean of what has these logarithms.
    template <class Logarithm>
    at::Tensor log_mean(const Tensors& outputs, Logarithm logarithm) const {
        Tensors terms;
        for (size_t i = 0; i < outputs.size(); ++i) terms.push_back(logarithm(outputs[i]) + std::log(shares_[i]));
        return torch::logsumexp(torch::stack(terms), 0);
    }

    std::vector<Model> members_;
    std::vector<EnsembleAveraging> outputs_;
    std::vector<double> shares_;  // of the members, 1 in all
};

namespace {

std::vector<double> shares_of(size_t n_members, const std::vector<double>& weights) {
    if (weights.empty()) return std::vector<double>(n_members, 1 / static_cast<double>(n_members));
    require<UsageError>(weights.size() == n_members, "An ensemble of ", n_members, " members was given ",
                        weights.size(), " weights; it needs one a member");
    for (const double weight : weights) {
        require<UsageError>(std::isfinite(weight) && weight > 0, "Invalid weight ", weight,
                            " of a member of an ensemble: it must be a number above 0");
    }
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    std::vector<double> shares;
    for (const double weight : weights) shares.push_back(weight / total);
    return shares;
}

/// What a member's model gives in eval mode, on the CPU.
Tensors member_outputs(const Learner& member, const Tensors& inputs) {
    const torch::NoGradGuard no_grad;
    const EvalOnCpu isolated(member.model().module());
    return member.model()(inputs);
}

/// Some rows of the first member's data, on the CPU.
Tensors example_inputs(const DataLoaders& dls) {
    Tensors inputs;
    for (const at::Tensor& input : dls.train().first_rows(2).inputs) inputs.push_back(input.to(at::kCPU));
    return inputs;
}

std::vector<EnsembleAveraging> checked_averages(const std::vector<const Learner*>& members, const Loss& loss) {
    const Tensors inputs = example_inputs(members.front()->dls());
    const Tensors first = member_outputs(*members.front(), inputs);
    const std::vector<EnsembleAveraging> averages = averages_of(loss, first);
    for (size_t i = 0; i < members.size(); ++i) {
        if (i > 0) {
            require_same_data(members.front()->dls(), members[i]->dls(), i);
            require_same_shapes(first, member_outputs(*members[i], inputs), i);
        }
        require(!members[i]->loss() || averages_of(members[i]->loss(), first) == averages, "Member ", i,
                " of the ensemble was trained with the ", members[i]->loss().name(),
                " loss, whose outputs mean something else than those of the ensemble's ", loss.name(), " loss");
    }
    return averages;
}

}  // namespace

Model ensemble_model(std::vector<Model> members, std::vector<EnsembleAveraging> outputs,
                     const EnsembleOptions& options) {
    require<UsageError>(!members.empty(), "An ensemble needs a member at least");
    require<UsageError>(!outputs.empty(), "An ensemble needs to know how each of its outputs is averaged");
    auto shares = shares_of(members.size(), options.weights);
    return Model(std::make_shared<EnsembleImpl>(std::move(members), std::move(outputs), std::move(shares)));
}

namespace detail {

EnsembleParts ensemble_parts(const std::vector<const Learner*>& members, const EnsembleOptions& options,
                             LearnerOptions learner_options) {
    require<UsageError>(!members.empty(), "An ensemble needs a member at least");
    const Learner& first = *members.front();
    if (!learner_options.loss) learner_options.loss = first.loss();
    if (learner_options.metrics.empty()) {
        learner_options.metrics = first.metrics();
    } else if (const auto& data = first.dls().preprocessing()) {
        bring_to_units(learner_options.metrics, *data);
    }
    std::vector<Model> models;
    for (const Learner* member : members) models.push_back(member->model());
    auto averages = checked_averages(members, learner_options.loss);
    return {ensemble_model(std::move(models), std::move(averages), options), std::move(learner_options)};
}

void check_n_members(int64_t n_members) {
    require<UsageError>(n_members >= 1, "Invalid number of members ", n_members, ": it must be at least 1");
}

}  // namespace detail

}  // namespace embark
