#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace embark {

/// A hyper-parameter as a pure function of training progress, 0 at the first step to 1 at the end.
using Schedule = std::function<double(double progress)>;

/// Schedules by the hyper-parameter they are for: {{"lr", …}, {"mom", …}}.
using Schedules = std::map<std::string, Schedule>;

/// start + p·(end − start).
Schedule sched_lin(double start, double end);
/// start + (1 + cos(π·(1 − p)))·(end − start)/2.
Schedule sched_cos(double start, double end);
/// `start` throughout.
Schedule sched_no(double start);
/// start·(end/start)^p; both above 0.
Schedule sched_exp(double start, double end);
/// start + (end − start)·p^power.
Schedule sched_poly(double start, double end, double power);

/// Schedules one after the other, each over its fraction of the progress; the fractions sum to 1. fastai's
/// combine_scheds: at p the schedule is the last whose part has begun, and sees the fraction of its part that is done.
/// Throws UsageError for fractions that are negative or don't sum to 1.
Schedule combine_scheds(const std::vector<double>& fractions, const std::vector<Schedule>& schedules);

/// Cosine from `start` to `middle` over the first `pct`, then cosine from `middle` to `end` (fastai's combined_cos).
Schedule combined_cos(double pct, double start, double middle, double end);

}  // namespace embark
