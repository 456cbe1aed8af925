#pragma once

#include "../plots/plot.h"
#include "lr_find.h"

namespace embark {

/// The losses that lr_find saw over the learning rates, on a logarithmic axis and without the last five (fastai's
/// Recorder.plot_lr_find), and a labelled point for each suggestion that there is. Throws Error where the curve is
/// empty.
Plot plot_lr_find(const LrFind& found);

}  // namespace embark
