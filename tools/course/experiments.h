#pragma once

#include "experiment.h"

namespace embark::course {

// Each in the file of its name: weight-decay in weight_decay.cpp.
extern const Experiment kCrosstab;
extern const Experiment kExcelSolver;
extern const Experiment kDotByHand;
extern const Experiment kOneHot;
extern const Experiment kBatch;
extern const Experiment kDotProduct;
extern const Experiment kLrFind;
extern const Experiment kDotProductRange;
extern const Experiment kDotProductBias;
extern const Experiment kWeightDecay;
extern const Experiment kCollabLearner;
extern const Experiment kInterpretBias;
extern const Experiment kPca;
extern const Experiment kSimilar;
extern const Experiment kCollabNN;
extern const Experiment kEmbeddingNN;
extern const Experiment kRatingsAsClasses;
extern const Experiment kLesson52018;
extern const Experiment kMetadata;
extern const Experiment kBestRatings;
extern const Experiment kImplicit;
extern const Experiment kColdStart;
extern const Experiment kFeedbackLoop;
extern const Experiment kAdult;
extern const Experiment kSplitMatters;
extern const Experiment kMultiTarget;
extern const Experiment kCrossEntropyByHand;
extern const Experiment kGradientAccumulation;
extern const Experiment kEnsemble;
extern const Experiment kBagging;
extern const Experiment kFreeze;
extern const Experiment kTextImageTable;
extern const Experiment kWeightDecayByHand;

}  // namespace embark::course
