#pragma once

#include "../loaders/dataloaders.h"
#include "interactions.h"

namespace embark {

/// Where negatives, items that a user did not choose, are drawn from.
enum class NegativeSampling {
    uniform,     ///< all items alike
    popularity,  ///< each as often as its events count
    in_batch,    ///< the items of the batch's other pairs, as popular ones are more often
};

/// "uniform", "popularity" or "in-batch". Throws UsageError for another name.
NegativeSampling negative_sampling_of(const std::string& name);

/// What is drawn for each pair of a user and an item that the user had.
struct NegativeOptions {
    NegativeSampling sampling = NegativeSampling::uniform;  ///< where they are drawn from
    int64_t n = 4;                                          ///< how many
    /// Draw no item that the user had in training, but where nearly nothing else is left; false: any but the pair's own.
    bool unseen = true;
};

/// How interactions become batches.
struct InteractionBatches {
    int64_t batch_size = 128;              ///< users, or pairs, in a batch
    uint64_t seed = 42;                    ///< seed of the batches' order and of the negatives
    at::Device device = default_device();  ///< where the batches' tensors are
};

/// Batches of users, x (n, 1), with what each had in training as targets of catalogue_softmax_loss: items (n, most)
/// int64, −1 after the last one, and their weights. For validation the users with what is measured.
DataLoaders user_loaders(const Interactions& events, const InteractionBatches& batches = {});

/// Batches of the training pairs with negatives, x (n, 2 + negatives.n), and targets for the losses of pairs, see
/// sampled_softmax_loss. Negatives follow from (seed, epoch, batch) alone. Where pairs have other weights than 1 the
/// batches have them. There is no validation part. Throws UsageError for fewer than one negative, and Error for fewer
/// than two items.
DataLoaders pair_loaders(const Interactions& events, const NegativeOptions& negatives,
                         const InteractionBatches& batches = {});

}  // namespace embark
