#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace embark {

/// A plot, as a specification in Vega-Lite 6 (https://vega.github.io/vega-lite): JSON that browsers, notebooks and
/// Python's Altair draw. Embark's own plots hold at most about 3000 points a chart: of longer recordings they keep the
/// lowest and the highest value of each stretch, so that no extreme is lost. Values that are not finite are gaps.
class Plot {
public:
    /// Any Vega-Lite specification, as JSON text. Throws Error where it is not a JSON object.
    explicit Plot(std::string_view specification);

    /// The specification, as JSON text.
    const std::string& json() const { return json_; }

    /// Writes the plot atomically: to a name that ends in ".json" the specification, to one that ends in ".html" a page
    /// that shows it. The page is self-contained and works offline, as wide as its window; only where Embark was built
    /// without Vega (see core/CMakeLists.txt) it loads Vega from a public server. Throws UsageError for another ending.
    void save(const std::filesystem::path& path) const;

private:
    std::string json_;
};

}  // namespace embark
