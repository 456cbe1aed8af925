#include "registry.h"

#include "experiments.h"

namespace embark::course {

const std::vector<const Experiment*>& experiments() {
    static const std::vector<const Experiment*> all = {
        &kCrosstab,
        &kExcelSolver,
        &kDotByHand,
        &kOneHot,
        &kBatch,
        &kDotProduct,
        &kLrFind,
        &kDotProductRange,
        &kDotProductBias,
        &kWeightDecay,
        &kCollabLearner,
        &kInterpretBias,
        &kPca,
        &kSimilar,
        &kCollabNN,
        &kEmbeddingNN,
        &kRatingsAsClasses,
        &kLesson52018,
        &kMetadata,
        &kBestRatings,
        &kImplicit,
        &kColdStart,
        &kFeedbackLoop,
        &kAdult,
        &kSplitMatters,
        &kMultiTarget,
        &kCrossEntropyByHand,
        &kGradientAccumulation,
        &kEnsemble,
        &kBagging,
        &kFreeze,
        &kTextImageTable,
        &kWeightDecayByHand,
    };
    return all;
}

}  // namespace embark::course
