#pragma once

#include <cstdint>
#include <vector>

#include "../../core/device.h"
#include "collate.h"
#include "samplers.h"
#include "transforms.h"

namespace embark {

/// How a data set of the user's own becomes training and validation batches.
struct DatasetOptions {
    int64_t batch_size = 64;  ///< samples in a training batch
    /// Batch size in validation, where no gradients are kept; 0: ten times batch_size.
    int64_t valid_batch_size = 0;
    /// Which part of the samples is for validation, where no validation data are given.
    double valid_pct = 0.2;
    /// What is drawn at random follows from it: the split, the order of an epoch's samples, what these and their
    /// transforms draw.
    uint64_t seed = 42;
    bool shuffle = true;  ///< a new permutation of the samples each epoch
    /// Leave out the last, short training batch (never the only one).
    bool drop_last = true;
    at::Device device = default_device();  ///< where the batches' tensors are

    /// Which samples a training epoch has, in the place of `shuffle`. Not for one with `next()`.
    Sampler sampler = {};
    /// What is done to each sample; what is random, in training alone.
    std::vector<Transform> transforms = {};
    std::vector<BatchTransform> batch_transforms = {};  ///< what is done to each batch on `device`
    /// How samples become a batch; empty: stack_collate.
    Collate collate = {};

    /// Threads that make batches while the model trains; 0: the training thread makes them. The batches are the same.
    int64_t workers = 0;
    /// Batches that each worker prepares ahead.
    int64_t prefetch = 2;
    /// Samples of an epoch, of data sets with `next()`: each epoch begins with the first sample, and again where they
    /// end before.
    int64_t rows_per_epoch = 0;
    int64_t valid_rows_per_epoch = 0;  ///< samples of validation, likewise
};

}  // namespace embark
