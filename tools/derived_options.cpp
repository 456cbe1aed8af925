#include "derived_options.h"

#include <algorithm>

#include <embark/core/error.h>
#include <embark/core/text.h>

#include "training_options.h"

namespace embark::tools {

void add_derived_options(CommandLine& line, DerivedOptions& options) {
    auto add = line.options.add_options();
    add("rotate", list_option(options.rotate, "NAME,NAME"),
        "two columns of numbers in one unit, as latitude and longitude, or several such pairs: their sum and "
        "difference "
        "are predicted from besides");
    add("neighbours", list_option(options.neighbours, "NAME,…"),
        "columns of numbers: the mean target of the training rows that are nearest by them is predicted from besides; "
        "all: by all columns of numbers; none: no derived numbers, where --preset best would find out whether they "
        "help");
    add("neighbour-counts", text_option(options.counts, "N,…"),
        "with --neighbours: of how many nearest rows, a number for each (default: 1,3,10,30)");
}

void check_derived(const DerivedOptions& options, bool stream) {
    require<UsageError>(!stream || !options.given(), options.rotate.empty() ? "--neighbours" : "--rotate",
                        " needs all rows at once: leave it or --stream out");
    require<UsageError>(
        options.counts.empty() || !options.neighbours.empty(),
        "--neighbour-counts goes with --neighbours, which names the columns that say how near rows are");
}

void apply_derived(const DerivedOptions& options, const std::vector<std::string>& names, TabularOptions& data) {
    if (!options.rotate.empty()) {
        const auto columns = list_of(options.rotate, names);
        require<UsageError>(columns.size() % 2 == 0, "--rotate takes pairs of columns, and not ", columns.size());
        for (size_t i = 0; i < columns.size(); i += 2) data.rotated.push_back({columns[i], columns[i + 1]});
    }
    if (options.neighbours.empty()) return;
    const auto columns = list_of(options.neighbours, names);
    const auto is_word = [&](const std::string& word) {
        return columns == std::vector{word} && std::ranges::find(names, word) == names.end();
    };
    if (is_word("none")) {
        require<UsageError>(options.counts.empty(), "--neighbours none takes no --neighbour-counts");
        return;
    }
    data.neighbours = NeighbourOptions{};
    if (!is_word("all")) data.neighbours->columns = columns;
    if (options.counts.empty()) return;
    data.neighbours->counts.clear();
    for (const std::string& text : list_of(options.counts)) {
        const auto count = parse_int(text);
        require<UsageError>(count.has_value(), "Invalid --neighbour-counts ", options.counts,
                            ": integers of at least 1, with commas between them, are needed");
        data.neighbours->counts.push_back(*count);
    }
}

}  // namespace embark::tools
