#pragma once

#include <memory>

#include "callback.h"

namespace embark {

/// Settings of ShortEpoch; fastai's defaults.
struct ShortEpochOptions {
    /// Which part of an epoch's batches is done, in [0, 1].
    double pct = 0.01;
    /// Shorten validation too.
    bool short_valid = true;
};

/// Ends every epoch's training, and validation, after part of its batches: to see early whether everything runs. As
/// in fastai an epoch ends after the first batch whose number, from 0, is at least pct of their number, so that at
/// least one is done; where processes share sharded tables, validation goes on until each of them has done as many.
class ShortEpoch : public Callback {
public:
    /// Throws UsageError for a pct outside [0, 1].
    explicit ShortEpoch(ShortEpochOptions options = {});
    std::string name() const override { return "short_epoch"; }
    std::string settings() const override;
    bool runs_in_lr_find() const override { return false; }

    void after_batch(TrainingState& state) override;

private:
    ShortEpochOptions options_;
};

/// A ShortEpoch, as something to give a Learner.
std::shared_ptr<ShortEpoch> short_epoch(ShortEpochOptions options = {});

}  // namespace embark
