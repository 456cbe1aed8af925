#include "pca.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "../../core/error.h"
#include "../../core/text.h"
#include "../../plots/detail/plot_parts.h"

namespace embark {

namespace {

/// More points than that no one tells apart, and a page of them is slow.
constexpr int64_t kMaxPoints = 3000;
/// The names of so few points can stand beside them.
constexpr int64_t kMostNames = 60;

/// 1 or −1 for each row: the sign of its component of the largest absolute value.
at::Tensor signs_of(const at::Tensor& components) {
    const at::Tensor largest = components.abs().argmax(1, /*keepdim=*/true);
    return at::where(components.gather(1, largest) < 0, -1.0, 1.0);
}

/// Which of `n` points are drawn.
std::vector<int64_t> drawn_points(int64_t n) {
    std::vector<int64_t> drawn;
    const int64_t count = std::min(n, kMaxPoints);
    for (int64_t i = 0; i < count; ++i) drawn.push_back(i * n / count);
    return drawn;
}

nlohmann::json values_of(const at::Tensor& points, const std::vector<std::string>& names,
                         const std::vector<int64_t>& drawn) {
    const at::Tensor numbers = points.detach().to(at::kCPU, at::kDouble).contiguous();
    const double* data = numbers.const_data_ptr<double>();
    nlohmann::json values = nlohmann::json::array();
    for (const int64_t i : drawn) {
        values.push_back({{"name", names[static_cast<size_t>(i)]}, {"x", data[2 * i]}, {"y", data[2 * i + 1]}});
    }
    return values;
}

nlohmann::json encoding_of(const char* field, const std::string& title) {
    return {{"field", field},
            {"type", "quantitative"},
            {"scale", {{"zero", false}}},
            {"axis", {{"title", title}, {"format", ".4~g"}}}};
}

nlohmann::json number_tooltip(const char* field, const std::string& title) {
    return {{"field", field}, {"type", "quantitative"}, {"title", title}, {"format", ".4~g"}};
}

nlohmann::json points_layer(const ScatterOptions& options) {
    const nlohmann::json name = {{"field", "name"}, {"type", "nominal"}, {"title", "name"}};
    return {{"mark", {{"type", "point"}, {"filled", true}, {"size", 45}, {"opacity", 0.75}, {"color", "#2a5cbb"}}},
            {"encoding",
             {{"tooltip", nlohmann::json::array(
                              {name, number_tooltip("x", options.x_title), number_tooltip("y", options.y_title)})}}}};
}

nlohmann::json names_layer() {
    return nlohmann::json::parse(R"json({
        "mark": {"type": "text", "align": "left", "baseline": "middle", "dx": 7, "fontSize": 11, "limit": 180,
                 "color": "#444", "tooltip": null},
        "encoding": {"text": {"field": "name", "type": "nominal"}}
    })json");
}

/// "component 1 (41.3 % of the variance)"
std::string axis_title(const PrincipalComponents& found, int64_t i) {
    const double share = found.explained_variance_ratio[i].item<double>();
    return concat("component ", i + 1, " (", format_number(100 * share, 1), " % of the variance)");
}

}  // namespace

PrincipalComponents pca(const at::Tensor& vectors, int64_t k) {
    require(vectors.defined() && vectors.dim() == 2, "Principal components are those of vectors in a tensor (n, d)");
    const int64_t n = vectors.size(0), d = vectors.size(1);
    require(k >= 1 && k <= std::min(n, d), "There are no ", k, " principal components of ", n, " vectors of ", d,
            " numbers; from 1 to ", std::min(n, d), " can be asked for");
    const at::Tensor x = vectors.detach().to(at::kCPU, at::kDouble);
    require(x.isfinite().all().item<bool>(), "Vectors with principal components must be of finite numbers");
    const at::Tensor centred = x - x.mean(0, /*keepdim=*/true);
    const auto [u, singular, directions] = at::linalg_svd(centred, /*full_matrices=*/false);

    at::Tensor components = directions.narrow(0, 0, k);
    components = components * signs_of(components);
    const at::Tensor variances = singular.square();
    // Vectors that are all the same have no variance to share.
    const at::Tensor shares = variances / variances.sum().clamp_min(1e-300);
    const auto type = vectors.is_floating_point() ? vectors.scalar_type() : at::kFloat;
    return {.projected = centred.mm(components.t()).to(type),
            .components = components.to(type),
            .explained_variance_ratio = shares.narrow(0, 0, k).clone()};
}

Plot plot_scatter(const at::Tensor& points, const std::vector<std::string>& names, const ScatterOptions& options) {
    require(points.defined() && points.dim() == 2 && points.size(1) == 2, "A scatter plot needs points (n, 2)");
    const int64_t n = points.size(0);
    require(static_cast<int64_t>(names.size()) == n, "A scatter plot of ", n, " points was given ", names.size(),
            " names; it needs one a point");
    const auto drawn = drawn_points(n);
    const auto count = static_cast<int64_t>(drawn.size());
    nlohmann::json layers = nlohmann::json::array({points_layer(options)});
    if (count <= kMostNames) layers.push_back(names_layer());
    nlohmann::json view = {
        {"data", {{"values", values_of(points, names, drawn)}}},
        {"encoding", {{"x", encoding_of("x", options.x_title)}, {"y", encoding_of("y", options.y_title)}}},
        {"layer", std::move(layers)}};
    const std::string title =
        count == n ? options.title
                   : concat(options.title, options.title.empty() ? "" : ", ", count, " of ", n, " points");
    return single_plot(title, std::move(view));
}

Plot plot_pca(const at::Tensor& vectors, const std::vector<std::string>& names, const std::string& title) {
    const PrincipalComponents found = pca(vectors, 2);
    return plot_scatter(found.projected, names,
                        {.title = title, .x_title = axis_title(found, 0), .y_title = axis_title(found, 1)});
}

}  // namespace embark
