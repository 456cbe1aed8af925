#include "progress.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>
#include <vector>

#include <sys/ioctl.h>
#include <unistd.h>

#include "../../core/detail/printable.h"
#include "../../core/error.h"
#include "../../core/text.h"
#include "../training_state.h"

namespace embark {

namespace {

using namespace std::chrono_literals;

constexpr int kColumnWidth = 11;
constexpr auto kRedrawEvery = 50ms;
constexpr const char* kClearLine = "\r\033[K";

/// "0.61 s" below a minute, "03:07" above.
std::string format_seconds(double seconds) {
    if (seconds < 60) return format_number(seconds, 2) + " s";
    const auto whole = static_cast<long>(std::lround(seconds));
    return concat(whole / 600, whole / 60 % 10, ":", whole % 60 / 10, whole % 10);
}

/// The cells as one line of the table, the first narrow.
std::string table_line(const std::vector<std::string>& cells) {
    std::string line = fit_width(cells.front(), 6);
    for (size_t i = 1; i < cells.size(); ++i) {
        line += ' ';
        line += fit_width(cells[i], std::max<int64_t>(kColumnWidth, display_width(cells[i])));
    }
    while (line.ends_with(' ')) line.pop_back();
    return line + "\n";
}

}  // namespace

Progress::Progress(ProgressOptions options) : options_(options) {
    terminal_ = isatty(fileno(options_.stream)) == 1;
    const char* no_color = std::getenv("NO_COLOR");
    color_ = terminal_ && (no_color == nullptr || *no_color == '\0');
}

Progress::~Progress() = default;

void Progress::before_fit(TrainingState& state) {
    is_main_ = state.is_main_process();
    drawn_ = std::chrono::steady_clock::now();
    started_at_ = -1;
    announced_ = false;
    if (state.n_epoch > 0) show_header(state);
}

void Progress::show_header(const TrainingState& state) {
    std::vector<std::string> cells = {"epoch", "train_loss", "valid_loss"};
    cells.insert(cells.end(), state.records.metric_names.begin(), state.records.metric_names.end());
    cells.emplace_back("time");
    print(table_line(cells));
}

void Progress::after_batch(TrainingState& state) {
    if (!is_main_) return;
    const auto now = std::chrono::steady_clock::now();
    if (started_at_ < 0 && state.training) {
        started_ = now;
        started_at_ = state.pct_train;
    }
    announce(state);
    if (now - drawn_ < (terminal_ ? kRedrawEvery : std::chrono::duration<double>(options_.line_seconds))) return;
    drawn_ = now;
    if (terminal_) {
        draw_bar(state);
    } else {
        show_line(state);
    }
}

std::optional<double> Progress::seconds_left(const TrainingState& state) const {
    const double done = state.pct_train - started_at_;
    if (started_at_ < 0 || done <= 0) return std::nullopt;
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - started_;
    return passed.count() / done * (1 - state.pct_train);
}

void Progress::announce(const TrainingState& state) {
    constexpr auto kMeasured = 3s;
    constexpr double kLong = 60;
    if (announced_ || std::chrono::steady_clock::now() - started_ < kMeasured) return;
    const auto left = seconds_left(state);
    if (!left) return;
    announced_ = true;
    if (*left < kLong) return;
    print(concat("About ", format_seconds(*left), " for ", state.n_epoch, state.n_epoch == 1 ? " epoch" : " epochs",
                 ", unless the fit ends earlier\n"));
}

void Progress::show_line(const TrainingState& state) {
    const auto left = seconds_left(state);
    if (!left) return;
    print(concat("epoch ", state.epoch, state.training ? ": batch " : ": validation batch ", state.iteration + 1,
                 " of ", state.n_iter, ", about ", format_seconds(*left), " left of the fit\n"));
}

void Progress::draw_bar(const TrainingState& state) {
    const double done =
        static_cast<double>(state.iteration + 1) / static_cast<double>(std::max<int64_t>(1, state.n_iter));
    std::string label = concat("epoch ", state.epoch + 1, "/", state.n_epoch, state.training ? " train " : " valid ");
    std::string figures = concat(" ", state.iteration + 1, "/", state.n_iter);
    if (!state.records.smooth_losses.empty()) {
        figures += "  loss " + format_number(state.records.smooth_losses.back(), 4);
    }
    const int64_t space = width() - 1 - display_width(label) - display_width(figures);
    const int64_t cells = std::clamp<int64_t>(space, 0, 40);
    const auto full = static_cast<int64_t>(std::lround(done * static_cast<double>(cells)));
    std::string bar = color_ ? "\033[36m" : "";
    for (int64_t i = 0; i < cells; ++i) {
        if (i == full && color_) bar += "\033[90m";
        bar += i < full || color_ ? "━" : " ";
    }
    if (color_) bar += "\033[0m";
    std::fprintf(options_.stream, "%s%s%s%s", kClearLine, label.c_str(), bar.c_str(), figures.c_str());
    std::fflush(options_.stream);
    bar_shown_ = true;
}

int64_t Progress::width() const {
    if (options_.width > 0) return options_.width;
    winsize size{};
    if (ioctl(fileno(options_.stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

void Progress::print(const std::string& text) {
    if (!is_main_) return;
    if (std::exchange(bar_shown_, false)) std::fputs(kClearLine, options_.stream);
    std::fputs(text.c_str(), options_.stream);
    std::fflush(options_.stream);
}

void Progress::after_epoch(TrainingState& state) {
    if (!state.records.epochs.empty()) show_row(state.records.epochs.back());
    if (!terminal_) drawn_ = std::chrono::steady_clock::now();  // the row says how far the fit is
}

void Progress::load_state(const StateDict&, TrainingState& state) {
    for (const auto& row : state.records.epochs) show_row(row);
}

void Progress::show_row(const EpochRow& row) {
    std::vector<std::string> cells = {std::to_string(row.epoch), format_number(row.train_loss),
                                      std::isnan(row.valid_loss) ? "-" : format_number(row.valid_loss)};
    for (const double value : row.metrics) cells.push_back(format_number(value));
    cells.push_back(format_seconds(row.train_seconds + row.valid_seconds));
    print(table_line(cells));
}

void Progress::after_fit(TrainingState& state) {
    if (!state.stop_reason().empty()) print("Stopped: " + printable(state.stop_reason()) + "\n");
}

void Progress::cleanup_fit(TrainingState&) {
    print("");
}

std::shared_ptr<Progress> progress(ProgressOptions options) {
    return std::make_shared<Progress>(options);
}

}  // namespace embark
