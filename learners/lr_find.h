#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace embark {

/// Settings of lr_find; fastai's defaults.
struct LrFindOptions {
    double start_lr = 1e-7;  ///< learning rate of the first batch
    double end_lr = 10;      ///< that of the last one; in between it grows by the same factor
    int64_t num_it = 100;    ///< batches to try
    /// Stop once the smoothed loss exceeds four times its best.
    bool stop_div = true;
    /// Print the suggestion to standard error.
    bool show = true;
};

/// A learning rate, or the reason why none can be named.
struct LrSuggestion {
    std::optional<double> lr = {};  ///< empty where none can be named
    std::string reason = {};        ///< why none can; empty where one is
};

/// The curve of a learning-rate finder and what it suggests. Suggestions use the curve without its first tenth and its
/// last five points, as fastai's do.
struct LrFind {
    std::vector<double> lrs = {};  ///< the learning rates tried, ascending
    /// Smoothed losses, one for each of `lrs`.
    std::vector<double> losses = {};
    /// The point two thirds down the longest valley; fastai's default.
    LrSuggestion valley = {};
    /// The end of the last steep slope, from the right.
    LrSuggestion slide = {};
    /// A tenth of the rate at the lowest loss.
    LrSuggestion minimum = {};
    /// The rate of the steepest descent.
    LrSuggestion steep = {};
};

/// The suggestions of a curve that a run over `num_it` batches gave (fastai's valley, slide, minimum and steep).
LrFind suggest_lr(std::vector<double> lrs, std::vector<double> losses, int64_t num_it = 100);

}  // namespace embark
