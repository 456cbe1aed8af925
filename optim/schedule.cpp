#include "schedule.h"

#include <cmath>
#include <numbers>
#include <numeric>

#include "../core/error.h"

namespace embark {

Schedule sched_lin(double start, double end) {
    return [=](double p) { return start + p * (end - start); };
}

Schedule sched_cos(double start, double end) {
    return [=](double p) { return start + (1 + std::cos(std::numbers::pi * (1 - p))) * (end - start) / 2; };
}

Schedule sched_no(double start) {
    return [=](double) { return start; };
}

Schedule sched_exp(double start, double end) {
    require<UsageError>(start > 0 && end > 0, "An exponential schedule needs numbers above 0, not ", start, " to ",
                        end);
    return [=](double p) { return start * std::pow(end / start, p); };
}

Schedule sched_poly(double start, double end, double power) {
    return [=](double p) { return start + (end - start) * std::pow(p, power); };
}

Schedule combine_scheds(const std::vector<double>& fractions, const std::vector<Schedule>& schedules) {
    require<UsageError>(!fractions.empty() && fractions.size() == schedules.size(), "combine_scheds was given ",
                        fractions.size(), " fractions for ", schedules.size(), " schedules: it needs one for each");
    const double sum = std::accumulate(fractions.begin(), fractions.end(), 0.0);
    require<UsageError>(std::abs(sum - 1) < 1e-9, "The fractions of combined schedules sum to ", sum, ", not to 1");
    std::vector<double> begins{0};
    for (const double fraction : fractions) {
        require<UsageError>(fraction >= 0, "A schedule cannot take a negative fraction of the progress, ", fraction);
        begins.push_back(begins.back() + fraction);
    }
    begins.back() = 1;
    return [=](double p) {
        // As in fastai, at p = 1 the last schedule is at its end, and an empty part is never chosen.
        size_t part = schedules.size() - 1;
        while (part > 0 && (p < begins[part] || begins[part] == begins[part + 1])) --part;
        return schedules[part]((p - begins[part]) / (begins[part + 1] - begins[part]));
    };
}

Schedule combined_cos(double pct, double start, double middle, double end) {
    return combine_scheds({pct, 1 - pct}, {sched_cos(start, middle), sched_cos(middle, end)});
}

}  // namespace embark
