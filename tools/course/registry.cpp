#include "registry.h"

#include "experiments.h"

namespace embark::course {

const std::vector<ExperimentGroup>& experiment_groups() {
    static const std::vector<ExperimentGroup> groups = {
        {"Ratings as a table", {&kCrosstab, &kExcelSolver, &kDotByHand, &kOneHot, &kBatch}},
        {"The dot product, step by step", {&kDotProduct, &kLrFind, &kDotProductRange, &kDotProductBias, &kWeightDecay}},
        {"The library's learner, and what it learned", {&kCollabLearner, &kInterpretBias, &kPca, &kSimilar}},
        {"Networks, and more than ratings",
         {&kCollabNN, &kEmbeddingNN, &kRatingsAsClasses, &kLesson52018, &kMetadata, &kBestRatings}},
        {"Recommending", {&kImplicit, &kColdStart, &kFeedbackLoop}},
        {"Tables", {&kAdult, &kSplitMatters, &kMultiTarget, &kCrossEntropyByHand}},
        {"How to train",
         {&kGradientAccumulation, &kEnsemble, &kBagging, &kFreeze, &kTextImageTable, &kWeightDecayByHand}}};
    return groups;
}

const std::vector<const Experiment*>& experiments() {
    static const std::vector<const Experiment*> all = [] {
        std::vector<const Experiment*> found;
        for (const ExperimentGroup& group : experiment_groups()) {
            found.insert(found.end(), group.experiments.begin(), group.experiments.end());
        }
        return found;
    }();
    return all;
}

}  // namespace embark::course
