#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "plot.h"

namespace embark {

/// A page of HTML with plots in it, in one file: it needs no other one, and no network where Embark was built with Vega
/// (see Plot::save). Plots are as wide as their place.
///
///     Page page("My runs");
///     page.add_html("<h1>My runs</h1>");
///     page.add(plot_loss(learn.records()));
///     page.save("runs.html");
class Page {
public:
    /// `title` is what a browser's tab shows; any characters.
    explicit Page(std::string title);

    /// Adds HTML as it stands; see html_escape for what may hold any character. A `<style>` may be among it.
    void add_html(std::string_view html);
    /// Adds a plot, as wide as its place.
    void add(const Plot& plot);
    /// Adds a table of texts in a box that scrolls where the table is wider, with a shadow at the side where more of it
    /// is. Numbers are flush right. Throws Error for a row of another length than the header.
    void add_table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows);

    /// Writes the page atomically.
    void save(const std::filesystem::path& path) const;

private:
    std::string title_;
    std::string body_;
    bool has_plots_ = false;
};

/// `text` as it must be written in HTML, also within an attribute's double quotes.
std::string html_escape(std::string_view text);

}  // namespace embark
