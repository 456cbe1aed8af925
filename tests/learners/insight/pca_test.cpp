#include <embark/learners/insight/pca.h>

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>
#include <nlohmann/json.hpp>

#include <embark/core/error.h>

#include "baselines.h"
#include "python.h"
#include "test_files.h"

namespace embark {
namespace pca_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::largest_difference;
using testing::message_of;
using ::testing::SizeIs;
using Json = nlohmann::json;

std::vector<std::string> numbered(int64_t n) {
    std::vector<std::string> names;
    for (int64_t i = 0; i < n; ++i) names.push_back(concat("name ", i));
    return names;
}

Json parsed(const Plot& plot) {
    return Json::parse(plot.json());
}

TEST(Pca, finds_what_scikit_learn_finds_signs_and_all) {
    const auto baseline = testing::tensor_baseline("pca.safetensors");
    for (const std::string name : {"tall", "wide"}) {
        const auto found = pca(baseline.tensors.at(name + ".x"), 3);
        EXPECT_LE(largest_difference(found.projected, baseline.tensors.at(name + ".projected")), 1e-12);
        EXPECT_LE(largest_difference(found.components, baseline.tensors.at(name + ".components")), 1e-12);
        EXPECT_LE(
            largest_difference(found.explained_variance_ratio, baseline.tensors.at(name + ".explained_variance_ratio")),
            1e-12);
    }
}

TEST(Pca, answers_in_the_type_that_it_was_given) {
    const auto x = torch::randn({9, 4});
    EXPECT_EQ(pca(x).projected.scalar_type(), at::kFloat);
    EXPECT_EQ(pca(x.to(at::kDouble)).components.scalar_type(), at::kDouble);
    EXPECT_EQ(pca(torch::arange(6).reshape({3, 2})).projected.scalar_type(), at::kFloat);
    EXPECT_EQ(pca(x).explained_variance_ratio.scalar_type(), at::kDouble);
}

TEST(Pca, vectors_that_are_all_the_same_have_no_variance_to_share) {
    const auto found = pca(torch::ones({5, 3}));
    EXPECT_TRUE(found.projected.equal(torch::zeros({5, 2})));
    EXPECT_TRUE(found.explained_variance_ratio.equal(torch::zeros({2}, at::kDouble)));
}

TEST(Pca, refuses_what_has_no_such_components) {
    const auto x = torch::randn({9, 4});
    EXPECT_THAT(message_of<Error>([&] { pca(x, 5); }),
                HasSubstr("no 5 principal components of 9 vectors of 4 numbers"));
    EXPECT_THAT(message_of<Error>([&] { pca(x, 0); }), HasSubstr("from 1 to 4"));
    EXPECT_THAT(message_of<Error>([&] { pca(x[0]); }), HasSubstr("(n, d)"));
    EXPECT_THAT(message_of<Error>([&] { pca(x / 0); }), HasSubstr("finite"));
}

TEST(PlotScatter, has_each_point_with_its_name) {
    const Json plot =
        parsed(plot_scatter(torch::tensor({{1.0, 2.0}, {3.0, std::nan("")}}), {"a", "b"}, {.title = "Two"}));
    const Json& values = plot.at("data").at("values");
    EXPECT_EQ(values.dump(), R"([{"name":"a","x":1.0,"y":2.0},{"name":"b","x":3.0,"y":null}])");
    EXPECT_EQ(plot.at("title"), "Two");
}

TEST(PlotScatter, writes_names_beside_few_points_and_draws_some_thousand_of_many) {
    EXPECT_THAT(parsed(plot_scatter(torch::randn({60, 2}), numbered(60))).at("layer"), SizeIs(2));
    EXPECT_THAT(parsed(plot_scatter(torch::randn({61, 2}), numbered(61))).at("layer"), SizeIs(1));
    const Json many = parsed(plot_scatter(torch::randn({9000, 2}), numbered(9000), {.title = "Films"}));
    EXPECT_THAT(many.at("data").at("values"), SizeIs(3000));
    EXPECT_EQ(many.at("data").at("values").at(1).at("name"), "name 3");
    EXPECT_EQ(many.at("title"), "Films, 3000 of 9000 points");
}

TEST(PlotScatter, refuses_other_shapes_and_names_that_are_missing) {
    EXPECT_THAT(message_of<Error>([] { plot_scatter(torch::randn({3, 3}), {"a", "b", "c"}); }), HasSubstr("(n, 2)"));
    EXPECT_THAT(message_of<Error>([] {
                    plot_scatter(torch::randn({3, 2}), {"a"});
                }),
                HasSubstr("3 points was given 1"));
}

TEST(PlotScatter, vega_lite_draws_it) {
    EMBARK_NEEDS_PYTHON_MODULE("vl_convert");
    const testing::TemporaryFolder folder;
    const auto x = torch::tensor({{0.0, 0.0, 1.0}, {2.0, 2.0, 1.0}, {4.0, 4.0, 1.0}});
    plot_pca(x, {"Oslo", "Åbo", "<Rome> \"1\""}, "Cities").save(folder.path() / "few.json");
    plot_scatter(torch::randn({100, 2}), numbered(100)).save(folder.path() / "many.json");
    const std::string texts =
        testing::run_python("check_plots.py", {folder.path() / "few.json", folder.path() / "many.json"});
    for (const char* text : {"Cities", "Oslo", "Åbo", "<Rome> \"1\"", "component 1 (100.0 % of the variance)",
                             "component 2 (0.0 % of the variance)"}) {
        EXPECT_THAT(texts, HasSubstr(std::string(text) + "\n"));
    }
    EXPECT_THAT(texts, ::testing::Not(HasSubstr("name 7")));
}

}  // namespace pca_test
}  // namespace embark
