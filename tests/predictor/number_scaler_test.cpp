#include <embark/core/error.h>
#include <embark/predictor/number_scaler.h>

#include <limits>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "baselines.h"
#include "test_files.h"

namespace embark {
namespace number_scaler_test {

using embark::testing::largest_difference;
using embark::testing::message_of;
using embark::testing::tensor_baseline;
using ::testing::HasSubstr;

at::Tensor scaled(const NumberScaler& scaler, const at::Tensor& values) {
    at::Tensor result = values.clone();
    for (int64_t i = 0; i < values.numel(); ++i) result[i] = scaler(values[i].item<double>());
    return result;
}

TEST(NumberScaler, by_ranks_and_quartiles_equals_scikit_learn) {
    const auto baseline = tensor_baseline("number_scalers.safetensors").tensors;
    for (const std::string name : {"skewed", "tied", "few"}) {
        SCOPED_TRACE(name);
        const at::Tensor train = baseline.at(name + ".train"), values = baseline.at(name + ".values");
        const auto robust = NumberScaler::fit(Scaling::robust, train);
        EXPECT_LT(largest_difference(scaled(robust, values), baseline.at(name + ".robust")), 1e-12);
        if (!baseline.contains(name + ".quantile")) continue;
        const auto quantile = NumberScaler::fit(Scaling::quantile, train);
        // scikit-learn sends the smallest and the largest value to the bounds also where many rows share them.
        const at::Tensor inside = values.gt(train.min()).logical_and(values.lt(train.max()));
        EXPECT_LT(largest_difference(scaled(quantile, values.masked_select(inside)),
                                     baseline.at(name + ".quantile").masked_select(inside)),
                  1e-6);
    }
}

TEST(NumberScaler, a_value_that_many_rows_share_stands_at_the_middle_of_their_ranks) {
    const at::Tensor train = at::cat({at::zeros({600}, at::kDouble), at::arange(1, 401, at::kDouble)});
    const auto scaler = NumberScaler::fit(Scaling::quantile, train);
    EXPECT_NEAR(scaler(0), -0.5244, 0.05);  // rank 0.3
}

TEST(NumberScaler, standard_takes_the_populations_deviation_as_fastai_does) {
    const auto scaler = NumberScaler::fit(Scaling::standard, at::tensor({1.0, 3.0}));
    EXPECT_EQ(scaler.shift(), 2.0);
    EXPECT_EQ(scaler.scale(), 1.0 + 1e-7);
    EXPECT_DOUBLE_EQ(scaler(5.0), 3.0 / (1.0 + 1e-7));
}

TEST(NumberScaler, standard_brings_numbers_of_any_size_to_the_same) {
    const at::Tensor plain = at::tensor({-3.0, 0.5, 0.75, 2.0, 2.5, 4.0, 11.0, 40.0});
    for (const double size : {1e-300, 1e-30, 1e-12, 1e-9, 1e-6, 1.0, 1e9, 1e30}) {
        for (const double offset : {0.0, 5.0}) {
            const at::Tensor values = plain * size + offset * size;
            const at::Tensor results = scaled(NumberScaler::fit(Scaling::standard, values), values);
            EXPECT_NEAR(results.std(/*unbiased=*/false).item<double>(), 1, 2e-3) << size << ", " << offset;
            EXPECT_NEAR(results.mean().item<double>(), 0, 1e-6) << size << ", " << offset;
        }
    }
    // A small spread on a large offset is one too.
    const auto scaler = NumberScaler::fit(Scaling::standard, plain * 1e-3 + 1e9);
    EXPECT_NEAR(scaler(1e9 + 40e-3) - scaler(1e9 - 3e-3), 43e-3 / (12.943 * 1e-3), 1e-2);
}

TEST(NumberScaler, fastais_epsilon_holds_from_a_deviation_of_1e_4) {
    for (const double half : {1e-4, 2e-4, 1.0, 1e6}) {
        const at::Tensor values = at::tensor({-half, half});
        EXPECT_EQ(NumberScaler::fit(Scaling::standard, values).scale(),
                  values.std(/*unbiased=*/false).item<double>() + 1e-7);
    }
    EXPECT_EQ(NumberScaler::fit(Scaling::standard, at::tensor({-1e-5, 1e-5})).scale(), 1e-5 + 1e-8);
}

TEST(NumberScaler, rounding_errors_are_no_values) {
    const auto scaler = NumberScaler::fit(Scaling::standard, at::tensor({0.1 + 0.2, 0.3, 0.3}));
    EXPECT_EQ(scaler.scale(), 1);
    EXPECT_NEAR(scaler(0.3), 0, 1e-15);
    EXPECT_EQ(NumberScaler::fit(Scaling::standard, at::full({20}, 1e-9, at::kDouble))(1e-9), 0);
}

TEST(NumberScaler, inverse_gives_the_value_back) {
    const at::Tensor train = at::tensor({-3.0, 0.5, 0.75, 2.0, 2.5, 4.0, 11.0, 40.0});
    for (const Scaling scaling : {Scaling::standard, Scaling::robust, Scaling::quantile, Scaling::none}) {
        const auto scaler = NumberScaler::fit(scaling, train);
        for (const double value : {-3.0, -1.0, 0.6, 3.0, 25.0}) {
            EXPECT_NEAR(scaler.inverse(scaler(value)), value, 1e-5) << to_string(scaling);
        }
    }
}

TEST(NumberScaler, values_beyond_those_of_training_stay_within_bounds_by_rank) {
    const auto scaler = NumberScaler::fit(Scaling::quantile, at::arange(100, at::kDouble));
    EXPECT_NEAR(scaler(-1e300), -5.199338, 1e-5);
    EXPECT_NEAR(scaler(1e300), 5.199338, 1e-5);
    EXPECT_NEAR(scaler(49.5), 0, 1e-12);
}

TEST(NumberScaler, a_column_with_one_value_becomes_zero) {
    for (const Scaling scaling : {Scaling::standard, Scaling::robust, Scaling::quantile}) {
        EXPECT_EQ(NumberScaler::fit(scaling, at::full({20}, 0.1, at::kDouble))(0.1), 0) << to_string(scaling);
    }
}

TEST(NumberScaler, is_found_by_its_name) {
    EXPECT_EQ(parse_scaling("robust"), Scaling::robust);
    EXPECT_THAT(message_of<UsageError>([] { parse_scaling("standart"); }), HasSubstr("did you mean 'standard'"));
    EXPECT_THAT(message_of<Error>([] { NumberScaler::fit(Scaling::standard, at::empty({0}, at::kDouble)); }),
                HasSubstr("no values"));
}

}  // namespace number_scaler_test
}  // namespace embark
