#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <type_traits>
#include <utility>
#include <vector>

#include "../collab_learner.h"
#include "../tabular_learner.h"

namespace embark {

/// How an output of several models becomes one.
enum class EnsembleAveraging {
    values,   ///< their mean, of values and of probabilities
    softmax,  ///< of logits of classes: the logarithm of the mean of their softmax, whose softmax is the mean
              ///< probability
    sigmoid,  ///< of logits of yes or no: the logit of the mean of their sigmoid
};

/// Settings of an ensemble.
struct EnsembleOptions {
    /// How much each member counts, above 0; empty: all the same. Only their proportions matter.
    std::vector<double> weights = {};
};

/// A model that gives all members the same inputs and averages what they give, output by output as `outputs` says.
/// The members are not copied; their modules are its submodules `members.0`, `members.1`, …, so that all are saved,
/// moved and exported with it. Throws UsageError without members or outputs, and for weights that are not above 0 or
/// not one a member.
Model ensemble_model(std::vector<Model> members, std::vector<EnsembleAveraging> outputs,
                     const EnsembleOptions& options = {});

namespace detail {

/// What the learner of an ensemble is made of, besides data.
struct EnsembleParts {
    Model model;
    LearnerOptions options;
};
EnsembleParts ensemble_parts(const std::vector<const Learner*>& members, const EnsembleOptions& options,
                             LearnerOptions learner_options);

inline const DataLoaders& loaders_of(const Learner& learn) {
    return learn.dls();
}
inline const TabularDataLoaders& loaders_of(const TabularLearner& learn) {
    return learn.tabular_dls();
}
inline const CollabDataLoaders& loaders_of(const CollabLearner& learn) {
    return learn.collab_dls();
}

template <class AnyLearner, class Members>
std::vector<const Learner*> addresses(const Members& members) {
    std::vector<const Learner*> addresses;
    for (const AnyLearner& member : members) addresses.push_back(&member);
    return addresses;
}

/// The learner of an ensemble, of its members' class.
template <class AnyLearner, class AnyDataLoaders>
AnyLearner ensemble_learner(const AnyDataLoaders& dls, EnsembleParts parts) {
    static_assert(std::constructible_from<AnyLearner, AnyDataLoaders, Model, LearnerOptions>,
                  "an ensemble of learners of your own class needs its constructor from the DataLoaders, a Model and "
                  "LearnerOptions, as Learner has it");
    return AnyLearner(dls, std::move(parts.model), std::move(parts.options));
}

/// Throws UsageError for fewer than one.
void check_n_members(int64_t n_members);

}  // namespace detail

/// A learner whose model is the ensemble of the members' models, of the same kind as they are (Learner, TabularLearner,
/// CollabLearner), on the data of the first: it validates, predicts, interprets and exports as any other, and its
/// exported file carries all members. How outputs are averaged follows from what the loss makes of them: probabilities
/// are averaged where it takes a softmax or a sigmoid, values as they are learned otherwise (the logarithm of a target
/// that is learned by it). Where `learner_options` have no loss or no metrics, they are those of the first member.
///
/// The members' modules are shared, not copied: train a member, and the ensemble has changed. To train the ensemble
/// trains all members jointly, by the loss of their average.
///
/// Throws Error where members cannot answer together, and says what differs: columns, vocabularies or scaling, targets,
/// shapes of inputs or outputs, what their outputs mean. Members need not have been trained on the same rows: see
/// DataLoaders::resampled and bagged.
///
///     auto learn = ensemble({&wide, &deep}, {.weights = {2, 1}});
///     learn.export_torchscript("both.pt");
template <std::derived_from<Learner> AnyLearner>
AnyLearner ensemble(std::initializer_list<AnyLearner*> members, const EnsembleOptions& options = {},
                    LearnerOptions learner_options = {}) {
    auto parts = detail::ensemble_parts({members.begin(), members.end()}, options, std::move(learner_options));
    return detail::ensemble_learner<AnyLearner>(detail::loaders_of(**members.begin()), std::move(parts));
}
/// The same of learners in a vector.
template <std::derived_from<Learner> AnyLearner>
AnyLearner ensemble(const std::vector<AnyLearner>& members, const EnsembleOptions& options = {},
                    LearnerOptions learner_options = {}) {
    auto parts = detail::ensemble_parts(detail::addresses<AnyLearner>(members), options, std::move(learner_options));
    return detail::ensemble_learner<AnyLearner>(detail::loaders_of(members.front()), std::move(parts));
}

/// Bagging (Breiman 1996): the ensemble, on the data of `dls`, of `n_members` learners, each made and trained by
/// `make_learner` on training rows of its own, those of `dls.resampled(seed + i)` for member i. Initial weights come
/// from LibTorch's generator, as ever; see set_seed. Throws UsageError for fewer than one member.
///
///     auto learn = bagged(dls, 8, [](const TabularDataLoaders& rows) {
///         auto member = tabular_learner(rows, {.layers = {200, 100}});
///         member.fit_one_cycle(5, 1e-2);
///         return member;
///     });
template <class AnyDataLoaders, std::invocable<const AnyDataLoaders&> MakeLearner>
auto bagged(const AnyDataLoaders& dls, int64_t n_members, MakeLearner make_learner, uint64_t seed = 42) {
    using AnyLearner = std::invoke_result_t<MakeLearner&, const AnyDataLoaders&>;
    detail::check_n_members(n_members);
    std::vector<AnyLearner> members;
    for (int64_t i = 0; i < n_members; ++i) {
        members.push_back(make_learner(dls.resampled(seed + static_cast<uint64_t>(i))));
    }
    auto parts = detail::ensemble_parts(detail::addresses<AnyLearner>(members), {}, {});
    return detail::ensemble_learner<AnyLearner>(dls, std::move(parts));
}

}  // namespace embark
