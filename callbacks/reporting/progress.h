#pragma once

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "../callback.h"
#include "records.h"

namespace embark {

/// Where and how progress is shown.
struct ProgressOptions {
    /// The stream to write to; progress is not data, so standard error.
    std::FILE* stream = stderr;
    /// Columns of the terminal; 0: asked from it.
    int width = 0;
    /// Without a terminal: after so many seconds within an epoch a line says how far the fit is, and what is left.
    double line_seconds = 30;
};

/// fastai's table, a line an epoch (epoch, train_loss, valid_loss, metrics, time), and on a terminal a bar of the
/// epoch's batches below it. Without a terminal there is no bar, but a line every 30 s within long epochs; NO_COLOR leaves out
/// colours. A fit that will take longer than a minute says so in its first seconds.
class Progress : public Callback {
public:
    /// Nothing is printed before a fit begins.
    explicit Progress(ProgressOptions options = {});
    ~Progress() override;
    int order() const override { return 60; }
    std::string name() const override { return "progress"; }
    bool runs_in_lr_find() const override { return false; }

    void before_fit(TrainingState& state) override;
    void after_batch(TrainingState& state) override;
    void after_epoch(TrainingState& state) override;
    void after_fit(TrainingState& state) override;
    void cleanup_fit(TrainingState& state) override;
    /// Shows the rows of the epochs before the checkpoint again.
    void load_state(const StateDict& from, TrainingState& state) override;

private:
    void show_header(const TrainingState& state);
    void show_row(const EpochRow& row);
    void draw_bar(const TrainingState& state);
    void show_line(const TrainingState& state);
    /// Seconds that are left of the fit if it goes on at this pace to its last epoch; nothing before its first batches.
    std::optional<double> seconds_left(const TrainingState& state) const;
    /// Says once, as soon as it can be told, how long a fit takes that takes longer than a minute.
    void announce(const TrainingState& state);
    /// Writes `text` in place of the bar, where there is one.
    void print(const std::string& text);
    int64_t width() const;

    ProgressOptions options_;
    bool terminal_ = false, color_ = false, bar_shown_ = false;
    bool is_main_ = true;  // of several processes, one shows the progress of all
    std::chrono::steady_clock::time_point drawn_{};
    /// When the first batch had been trained, and how much of the fit was done then; the bar is measured from there.
    std::chrono::steady_clock::time_point started_{};
    double started_at_ = -1;
    bool announced_ = false;
};

/// A Progress, as something to give a Learner.
std::shared_ptr<Progress> progress(ProgressOptions options = {});

}  // namespace embark
