#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "../callback.h"

namespace embark {

/// Settings of CSVLogger; fastai's defaults.
struct CSVLoggerOptions {
    std::filesystem::path path = "history.csv";  ///< the file that is written
    /// Add rows to a file that is there already and has the same columns, rather than begin it anew.
    bool append = false;
};

/// Writes a row an epoch to a CSV file, as soon as it is there: epoch, train_loss, valid_loss, the metrics, and time in
/// seconds. Numbers read back exactly; what is not a number, as the valid_loss where there is no validation part, is
/// left empty. A fit that goes on from a checkpoint goes on with the file as it was then: later rows are cut off.
class CSVLogger : public Callback {
public:
    /// The file is opened before the fit's first epoch.
    explicit CSVLogger(CSVLoggerOptions options = {});
    ~CSVLogger() override;
    CSVLogger(const CSVLogger&) = delete;
    CSVLogger& operator=(const CSVLogger&) = delete;
    int order() const override { return 60; }
    std::string name() const override { return "csv_logger"; }
    bool runs_in_lr_find() const override { return false; }

    /// Throws Error where the file cannot be written, or is to be appended to and has other columns.
    void before_fit(TrainingState& state) override;
    void before_epoch(TrainingState& state) override;
    void after_epoch(TrainingState& state) override;
    void after_fit(TrainingState& state) override;
    void cleanup_fit(TrainingState& state) override;
    void save_state(StateDict& to, const TrainingState& state) const override;
    /// Throws Error where the file is shorter than it was.
    void load_state(const StateDict& from, TrainingState& state) override;

private:
    void check_columns() const;
    void begin();
    void write(const std::string& line);
    void truncate(int64_t size);
    void close();
    [[noreturn]] void fail_with(int error) const;

    CSVLoggerOptions options_;
    std::string header_;
    int descriptor_ = -1;
    int64_t size_ = 0;    // of what was written
    bool begun_ = false;  // the header stands in the file
};

/// A CSVLogger, as something to give a Learner.
std::shared_ptr<CSVLogger> csv_logger(CSVLoggerOptions options = {});
/// The same for a file: `csv_logger("fit.csv")`. (A template, so that options in braces are never taken for a path.)
template <std::convertible_to<std::filesystem::path> Path>
std::shared_ptr<CSVLogger> csv_logger(const Path& path) {
    return csv_logger(CSVLoggerOptions{.path = path});
}

}  // namespace embark
