#include <embark/optim/schedule.h>

#include <map>

#include <gtest/gtest.h>

#include <embark/core/error.h>

#include "baselines.h"

namespace embark {
namespace schedule_test {

TEST(Schedule, agrees_with_fastai_at_every_position) {
    const std::map<std::string, Schedule> ours = {
        {"SchedLin(1, 3)", sched_lin(1, 3)},
        {"SchedCos(0.002, 0.05)", sched_cos(0.002, 0.05)},
        {"SchedCos(0.95, 0.85)", sched_cos(0.95, 0.85)},
        {"SchedNo(0.3, 0.7)", sched_no(0.3)},
        {"SchedExp(1e-7, 10)", sched_exp(1e-7, 10)},
        {"SchedPoly(2, 0.5, 3)", sched_poly(2, 0.5, 3)},
        {"SchedPoly(0, 1, 0.5)", sched_poly(0, 1, 0.5)},
        {"combined_cos(0.25, 0.0002, 0.005, 5e-8)", combined_cos(0.25, 0.0002, 0.005, 5e-8)},
        {"combined_cos(0.3, 0.95, 0.85, 0.95)", combined_cos(0.3, 0.95, 0.85, 0.95)},
        {"combine_scheds([0.25, 0.5, 0.25], [SchedLin(0, 1), SchedNo(2, 2), SchedExp(3, 0.03)])",
         combine_scheds({0.25, 0.5, 0.25}, {sched_lin(0, 1), sched_no(2), sched_exp(3, 0.03)})},
    };
    const auto baseline = testing::json_baseline("schedules.json");
    const auto positions = baseline.at("positions").get<std::vector<double>>();
    ASSERT_EQ(baseline.at("values").size(), ours.size());
    for (const auto& [name, values] : baseline.at("values").items()) {
        for (size_t i = 0; i < positions.size(); ++i) {
            const double expected = values[i].get<double>();
            // fastai works out the position inside a part in float32.
            EXPECT_NEAR(ours.at(name)(positions[i]), expected, 2e-6 * std::max(1.0, std::abs(expected)))
                << name << " at " << positions[i];
        }
    }
}

TEST(Schedule, one_cycle_agrees_with_fastai_at_every_step) {
    const auto baseline = testing::tensor_baseline("one_cycle.safetensors");
    for (const char* name : {"notes", "small"}) {
        const auto settings = nlohmann::json::parse(baseline.metadata.at(name));
        const double lr = settings.at("lr_max"), pct = settings.value("pct_start", 0.25);
        const auto moms = settings.value("moms", std::vector<double>{0.95, 0.85, 0.95});
        const auto lr_schedule =
            combined_cos(pct, lr / settings.value("div", 25.0), lr, lr / settings.value("div_final", 1e5));
        const auto mom_schedule = combined_cos(pct, moms[0], moms[1], moms[2]);
        const auto lrs = baseline.tensors.at(std::string(name) + ".lr");
        const auto steps = lrs.size(0);
        ASSERT_EQ(steps, settings.at("n_epoch").get<int64_t>() * settings.at("n_iter").get<int64_t>());
        for (int64_t step = 0; step < steps; ++step) {
            const double progress = static_cast<double>(step) / static_cast<double>(steps);
            const double expected = lrs[step].item<double>();
            EXPECT_NEAR(lr_schedule(progress), expected, 1e-6 * lr) << name << " step " << step;
            EXPECT_NEAR(mom_schedule(progress), baseline.tensors.at(std::string(name) + ".mom")[step].item<double>(),
                        1e-6)
                << name << " step " << step;
        }
    }
}

TEST(Schedule, one_cycle_of_the_notes_begins_and_ends_as_they_say) {
    const auto lr = combined_cos(0.25, 5e-3 / 25, 5e-3, 5e-3 / 1e5);
    EXPECT_NEAR(lr(0), 2e-4, 1e-12);
    EXPECT_NEAR(lr(6249.0 / 6250), 5.056e-8, 1e-11);
    EXPECT_NEAR(lr(1), 5e-8, 1e-16);
}

TEST(Schedule, fractions_must_sum_to_one) {
    EXPECT_THROW(combine_scheds({0.5, 0.4}, {sched_no(1), sched_no(2)}), UsageError);
    EXPECT_THROW(combine_scheds({1.5, -0.5}, {sched_no(1), sched_no(2)}), UsageError);
    EXPECT_THROW(combine_scheds({1}, {sched_no(1), sched_no(2)}), UsageError);
    EXPECT_THROW(sched_exp(0, 1), UsageError);
}

TEST(Schedule, an_empty_part_is_never_chosen) {
    const auto schedule = combine_scheds({0, 1}, {sched_no(1), sched_lin(2, 3)});
    EXPECT_DOUBLE_EQ(schedule(0), 2);
    EXPECT_DOUBLE_EQ(schedule(1), 3);
    EXPECT_DOUBLE_EQ(combine_scheds({1, 0}, {sched_lin(2, 3), sched_no(1)})(1), 3);
}

}  // namespace schedule_test
}  // namespace embark
