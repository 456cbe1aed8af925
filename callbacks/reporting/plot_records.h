#pragma once

#include <cstdint>

#include "../../plots/plot.h"
#include "records.h"

namespace embark {

/// What plot_loss shows; fastai's defaults.
struct PlotLossOptions {
    /// How many of the first batches are left out, whose losses would make the rest look flat; none where there are no
    /// more than that.
    int64_t skip_start = 5;
    /// Show the validation loss, at the end of each epoch.
    bool with_valid = true;
    /// A logarithmic axis; losses of 0 and below are left out.
    bool log = false;
};

/// The training loss of every batch and its exponential average, over the number of batches trained, and the validation
/// loss at the end of each epoch (fastai's Recorder.plot_loss). Where a few batches' losses would make all the rest look
/// flat, the axis ends below them, and the plot says so. Throws Error where nothing was recorded.
Plot plot_loss(const Records& records, const PlotLossOptions& options = {});

/// A chart for each hyper-parameter over the training batches (fastai's Recorder.plot_sched). Those that never changed
/// are named below the title with their value; where none did, the learning rate is drawn all the same. Throws Error
/// where none was recorded.
Plot plot_schedule(const Records& records);

/// A chart of training and validation loss and one of each metric, over the epochs. Throws Error where no epoch was
/// finished.
Plot plot_metrics(const Records& records);

}  // namespace embark
