#include <embark/predictor/derived_numbers.h>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <embark/predictor/tabular_encoder.h>

namespace embark {
namespace derived_numbers_test {

using ::testing::ElementsAre;

Neighbours on_a_line(const std::vector<double>& points, const std::vector<double>& targets,
                     std::vector<int64_t> counts) {
    return {.columns = {"x"},
            .scales = {1},
            .counts = std::move(counts),
            .points = at::tensor(points, at::kDouble).unsqueeze(0),
            .targets = at::tensor(targets, at::kDouble).unsqueeze(1)};
}

std::vector<double> values_of(const at::Tensor& values) {
    const at::Tensor flat = values.flatten().contiguous();
    return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

std::vector<double> means_at(const Neighbours& rows, double x) {
    return values_of(rows.means(at::full({1, 1}, x, at::kDouble)));
}

/// The same by sorting all rows.
std::vector<double> means_by_sorting(const Neighbours& rows, const at::Tensor& row, int64_t own) {
    const at::Tensor scales = at::tensor(rows.scales, at::kDouble);
    at::Tensor distances = (rows.points - (row / scales).unsqueeze(1)).square().sum(0);
    if (own >= 0) distances[own] = 1e300;
    const auto [sorted, order] = distances.sort();
    std::vector<double> means;
    for (const int64_t count : rows.counts) {
        int64_t n = count;
        while (n < sorted.numel() && sorted[n].item<double>() <= sorted[count - 1].item<double>() * (1 + 1e-9)) ++n;
        const at::Tensor mean = rows.targets.index_select(0, order.narrow(0, 0, n)).mean(0);
        for (const double value : values_of(mean)) means.push_back(value);
    }
    return means;
}

TEST(Neighbours, give_the_mean_target_of_the_nearest_rows) {
    const Neighbours rows = on_a_line({0, 1, 3, 7}, {10, 20, 40, 80}, {1, 3});
    EXPECT_THAT(means_at(rows, 0.6), ElementsAre(20, (10 + 20 + 40) / 3.f));
    EXPECT_THAT(means_at(rows, 100), ElementsAre(80, (20 + 40 + 80) / 3.f));
}

TEST(Neighbours, count_all_rows_that_are_as_far_as_the_last) {
    const Neighbours rows = on_a_line({0, 2, 2, 2, 5}, {1, 2, 4, 6, 100}, {1, 2});
    EXPECT_THAT(means_at(rows, 1), ElementsAre(3.25, 3.25)) << "0 and the three at 2 are at one distance";
    EXPECT_THAT(means_at(rows, 1.9), ElementsAre(4, 4));
    // 0.1 + 0.2 is not 0.3: of a grid's equal distances rounding makes different ones.
    EXPECT_THAT(means_at(on_a_line({0.1, 0.5}, {1, 3}, {1}), 0.1 + 0.2), ElementsAre(2));
}

TEST(Neighbours, leave_a_training_row_out_of_its_own_and_not_its_copies) {
    const Neighbours rows = on_a_line({0, 0, 4, 9}, {1, 2, 3, 4}, {1, 2});
    const at::Tensor own = rows.means(rows.points.t(), /*are_own=*/true);
    EXPECT_THAT(values_of(own[0]), ElementsAre(2, 2.5));
    EXPECT_THAT(values_of(own[1]), ElementsAre(1, 2));
    EXPECT_THAT(values_of(own[3]), ElementsAre(3, 2)) << "both copies are as far as one another";
}

TEST(Neighbours, are_those_of_a_sort_on_random_rows) {
    at::manual_seed(3);
    // Coordinates on a coarse grid, so that many rows are at one distance.
    const at::Tensor raw = at::randint(0, 12, {500, 3}, at::kDouble), scales = at::tensor({2.0, 0.7, 3.1}, at::kDouble);
    const Neighbours rows{.columns = {"x", "y", "z"},
                          .scales = {2.0, 0.7, 3.1},
                          .counts = {1, 4, 30},
                          .points = (raw / scales).t().contiguous(),
                          .targets = at::rand({500, 2}, at::kDouble)};
    const at::Tensor others = at::rand({200, 3}, at::kDouble) * 14 - 1;
    const at::Tensor of_others = rows.means(others), of_own = rows.means(raw, /*are_own=*/true);
    for (int64_t row = 0; row < 200; ++row) {
        EXPECT_THAT(values_of(of_others[row]),
                    ::testing::Pointwise(::testing::DoubleNear(1e-7), means_by_sorting(rows, others[row], -1)));
        EXPECT_THAT(values_of(of_own[row]),
                    ::testing::Pointwise(::testing::DoubleNear(1e-7), means_by_sorting(rows, raw[row], row)));
    }
}

TEST(DerivedNumbers, are_named_after_their_columns_targets_and_classes) {
    TabularEncoder encoder;
    encoder.targets = {{.name = "price"}, {.name = "let", .classes = Vocabulary::fit({"yes", "no"})}};
    encoder.rotated = {{"lat", "lon"}};
    encoder.neighbours = Neighbours{.columns = {"lat"},
                                    .scales = {1},
                                    .counts = {5},
                                    .points = at::zeros({1, 9}, at::kDouble),
                                    .targets = at::zeros({9, 3}, at::kDouble)};
    std::vector<std::string> names;
    for (const DerivedNumber& number : derived_numbers(encoder)) names.push_back(number.name);
    EXPECT_THAT(names,
                ElementsAre("lat + lon", "lat - lon", "price_nearest_5", "let_nearest_5_no", "let_nearest_5_yes"));
    EXPECT_EQ(encoder.n_derived(), 5);
}

}  // namespace derived_numbers_test
}  // namespace embark
