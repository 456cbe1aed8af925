#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../callback.h"

namespace embark {

/// How often something was done in a fit, and how long that took.
struct Timing {
    /// "training", "validation", or "fit" for what belongs to neither.
    std::string part = {};
    /// "data loading", "forward", "loss", "backward", "step", "zero_grad", "callbacks", or "other" for what the loop
    /// does between them.
    std::string stage = {};
    /// For callbacks: the event that was sent to them.
    std::string event = {};
    int64_t count = 0;   ///< how often
    double seconds = 0;  ///< wall time of all of them

    /// Seconds for one; 0 where there was none.
    double mean() const { return count > 0 ? seconds / static_cast<double>(count) : 0; }
};

/// Tells where the time of a fit goes.
///
///     embark::EventTimer timer;
///     learn.fit(1, 5e-3, {.callbacks = timer.callbacks()});
///     std::cout << timer.table();
///
/// It is a callback that comes before all others and one that comes after all others: the time from the first to the
/// second is what the callbacks take with an event, the time from the second to the next event's first is the work
/// between them. Callbacks that share these orders, and checkpoints, which are written after all callbacks, are timed
/// with the work. What runs on a GPU is timed where the
/// program waits for it, which may be a later stage. Starts anew with each fit; one that goes on from a checkpoint is
/// timed from there.
class EventTimer {
public:
    EventTimer();

    /// The two callbacks; a fit needs both.
    std::vector<std::shared_ptr<Callback>> callbacks() const;

    /// All figures, in the order of a batch. Their seconds add up to those of the fit.
    std::vector<Timing> timings() const;
    /// From the begin of the fit to its end.
    double seconds() const;
    /// The figures as text, aligned for a terminal: count, total, mean and share of the fit's time, by stage; callbacks
    /// by event too where these take at least a thousandth of the fit.
    std::string table() const;

private:
    struct Meters;
    class Watch;
    std::shared_ptr<Meters> meters_;
};

}  // namespace embark
