#include "event_timer.h"

#include <array>
#include <chrono>
#include <limits>

#include "../../core/error.h"
#include "../../core/text.h"
#include "../training_state.h"

namespace embark {

namespace {

#define EMBARK_ENUMERATOR(event) event,
enum class Timed { EMBARK_EVENTS(EMBARK_ENUMERATOR) };
#undef EMBARK_ENUMERATOR
#define EMBARK_NAME(event) #event,
constexpr std::array kEventNames = {EMBARK_EVENTS(EMBARK_NAME)};
#undef EMBARK_NAME

enum class Part { training, validation, fit };
constexpr std::array kPartNames = {"training", "validation", "fit"};
enum class Stage { data_loading, forward, loss, backward, step, zero_grad, other };
constexpr std::array kStageNames = {"data loading", "forward", "loss", "backward", "step", "zero_grad", "other"};
constexpr const char* kCallbacks = "callbacks";

Part timed_part(Timed event, bool training) {
    switch (event) {
        case Timed::before_fit:
        case Timed::before_epoch:
        case Timed::after_cancel_epoch:
        case Timed::after_epoch:
        case Timed::after_cancel_fit:
        case Timed::after_fit:
        case Timed::cleanup_fit:
            return Part::fit;
        default:
            return training ? Part::training : Part::validation;
    }
}

/// What the loop does between two events.
Stage stage_between(Timed from, Timed to) {
    if (to == Timed::before_batch) return Stage::data_loading;
    if (from == Timed::before_batch && to == Timed::after_pred) return Stage::forward;
    if (from == Timed::after_pred && to == Timed::after_loss) return Stage::loss;
    if (from == Timed::before_backward && to == Timed::after_backward) return Stage::backward;
    if (from == Timed::before_step && to == Timed::after_step) return Stage::step;
    if (from == Timed::after_step && to == Timed::after_batch) return Stage::zero_grad;
    return Stage::other;
}

struct Meter {
    int64_t count = 0;
    std::chrono::steady_clock::duration time{};

    void add(std::chrono::steady_clock::duration duration) {
        ++count;
        time += duration;
    }
    double seconds() const { return std::chrono::duration<double>(time).count(); }
};

/// The meter of one column's stage or event in one part of the fit.
template <class Table, class Column>
Meter& at(Table& table, Part part, Column column) {
    return table[static_cast<size_t>(part)][static_cast<size_t>(column)];
}

std::string format_duration(double seconds) {
    if (seconds < 1e-3) return format_number(seconds * 1e6, 2) + " µs";
    if (seconds < 1) return format_number(seconds * 1e3, 2) + " ms";
    return format_number(seconds, 2) + " s ";
}

/// One line of the table: how much of `whole` the figures are.
std::string timing_line(const std::string& label, const Timing& timing, double whole) {
    const double percent = whole > 0 ? 100 * timing.seconds / whole : 0;
    const bool counted = timing.count > 0;
    return fit_width(label, 24) + fit_width(counted ? std::to_string(timing.count) : "", 10, true) +
           fit_width(format_duration(timing.seconds), 13, true) +
           fit_width(counted ? format_duration(timing.mean()) : "", 13, true) +
           fit_width(format_number(percent, 1) + " %", 10, true) + "\n";
}

}  // namespace

struct EventTimer::Meters {
    void event_begins(Timed event, bool training) {
        const auto now = std::chrono::steady_clock::now();
        if (event == Timed::before_fit) {
            *this = {};
        } else {
            at(work, timed_part(event, training), stage_between(last_event, event)).add(now - last);
        }
        last = now;
    }

    void event_ends(Timed event, bool training) {
        const auto now = std::chrono::steady_clock::now();
        at(callbacks, timed_part(event, training), event).add(now - last);
        last = now;
        last_event = event;
    }

    std::array<std::array<Meter, kStageNames.size()>, kPartNames.size()> work{};
    std::array<std::array<Meter, kEventNames.size()>, kPartNames.size()> callbacks{};
    std::chrono::steady_clock::time_point last{};
    Timed last_event = Timed::before_fit;
};

/// Notes when an event begins to be sent, or has been sent, according to its place among the callbacks.
class EventTimer::Watch : public Callback {
public:
    using Note = void (Meters::*)(Timed, bool);
    Watch(std::shared_ptr<Meters> meters, int order, Note note)
        : meters_(std::move(meters)), order_(order), note_(note) {}
    int order() const override { return order_; }
    std::string name() const override { return "event_timer"; }
    bool runs_in_lr_find() const override { return false; }

#define EMBARK_NOTE(event)                                     \
    void event(TrainingState& state) override {                \
        (meters_.get()->*note_)(Timed::event, state.training); \
    }
    EMBARK_EVENTS(EMBARK_NOTE)
#undef EMBARK_NOTE

private:
    std::shared_ptr<Meters> meters_;
    int order_;
    Note note_;
};

EventTimer::EventTimer() : meters_(std::make_shared<Meters>()) {}

std::vector<std::shared_ptr<Callback>> EventTimer::callbacks() const {
    using Order = std::numeric_limits<int>;
    return {std::make_shared<Watch>(meters_, Order::min(), &Meters::event_begins),
            std::make_shared<Watch>(meters_, Order::max(), &Meters::event_ends)};
}

std::vector<Timing> EventTimer::timings() const {
    std::vector<Timing> all;
    const auto add = [&](size_t part, const char* stage, const char* event, const Meter& meter) {
        if (meter.count > 0) all.push_back({kPartNames[part], stage, event, meter.count, meter.seconds()});
    };
    for (size_t part = 0; part < kPartNames.size(); ++part) {
        for (size_t stage = 0; stage < kStageNames.size(); ++stage) {
            add(part, kStageNames[stage], "", meters_->work[part][stage]);
        }
        for (size_t event = 0; event < kEventNames.size(); ++event) {
            add(part, kCallbacks, kEventNames[event], meters_->callbacks[part][event]);
        }
    }
    return all;
}

double EventTimer::seconds() const {
    double sum = 0;
    for (const auto& timing : timings()) sum += timing.seconds;
    return sum;
}

std::string EventTimer::table() const {
    const auto all = timings();
    const double whole = seconds();
    std::string text = fit_width("", 24) + fit_width("count", 10, true) + fit_width("total", 13, true) +
                       fit_width("mean", 13, true) + fit_width("share", 10, true) + "\n";
    for (const char* part : kPartNames) {
        Timing of_part, of_callbacks;
        std::string stages, events;
        for (const auto& timing : all) {
            if (timing.part != part) continue;
            of_part.seconds += timing.seconds;
            if (timing.stage != kCallbacks) {
                stages += timing_line("  " + timing.stage, timing, whole);
                continue;
            }
            of_callbacks.count += timing.count;
            of_callbacks.seconds += timing.seconds;
            if (timing.seconds >= whole / 1000) events += timing_line("    " + timing.event, timing, whole);
        }
        if (of_callbacks.count == 0) continue;
        text += timing_line(part, of_part, whole) + stages + timing_line("  callbacks", of_callbacks, whole) + events;
    }
    return text + timing_line("total", {.seconds = whole}, whole);
}

}  // namespace embark
