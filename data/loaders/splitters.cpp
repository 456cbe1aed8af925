#include "splitters.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include <ATen/ATen.h>

#include "../../core/error.h"
#include "../table/detail/table_impl.h"
#include "../table/table.h"
#include "detail/random_order.h"
#include "detail/split_rows.h"

namespace embark {

namespace {

enum class SplitPart { train, valid, unknown };

SplitPart part_of(std::string word) {
    std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
    const auto is_one_of = [&](std::initializer_list<const char*> words) {
        return std::find(words.begin(), words.end(), word) != words.end();
    };
    if (is_one_of({"true", "1", "yes", "valid"})) return SplitPart::valid;
    if (is_one_of({"", "false", "0", "no", "train"})) return SplitPart::train;
    return SplitPart::unknown;
}

Split split_at_random(int64_t rows, double valid_pct, uint64_t seed, const std::string& source) {
    require_valid_pct(valid_pct);
    const int64_t n_valid = validation_rows(valid_pct, rows, source);
    const at::Tensor order = permutation(rows, seed);
    return {order.slice(0, n_valid), order.slice(0, 0, n_valid)};
}

}  // namespace

Split random_split(int64_t rows, double valid_pct, uint64_t seed) {
    return split_at_random(rows, valid_pct, seed, /*source=*/"");
}

Splitter random_splitter(double valid_pct, uint64_t seed) {
    require_valid_pct(valid_pct);
    return [=](const Table& table) { return split_at_random(table.rows(), valid_pct, seed, table.source()); };
}

Splitter index_splitter(std::vector<int64_t> valid_rows) {
    return [valid_rows = std::move(valid_rows)](const Table& table) {
        std::vector<char> is_valid(static_cast<size_t>(table.rows()), 0);
        for (const int64_t row : valid_rows) {
            if (row < 0 || row >= table.rows()) {
                fail("Row ", row, " cannot be for validation: ", display_name(table.source()), " has ", table.rows(),
                     " rows, counted from 0");
            }
            char& marked = is_valid[static_cast<size_t>(row)];
            require(!marked, "Row ", row, " is given twice for validation");
            marked = 1;
        }
        return split_by(is_valid);
    };
}

Splitter column_splitter(std::string column) {
    return [column = std::move(column)](const Table& table) {
        const std::vector<std::string> words = table.text(column);
        std::vector<char> is_valid(words.size());
        for (size_t row = 0; row < words.size(); ++row) {
            const SplitPart part = part_of(words[row]);
            if (part == SplitPart::unknown) {
                fail(table.where(static_cast<int64_t>(row), column), ": '", words[row],
                     "' says neither training nor validation; use true, 1, yes or valid, and false, 0, no or train");
            }
            is_valid[row] = part == SplitPart::valid;
        }
        return split_by(is_valid);
    };
}

Splitter slice_splitter(int64_t first, int64_t last) {
    require<UsageError>(first >= 0 && first < last, "Invalid slice of rows from ", first, " to ", last,
                        ": it needs a first row of at least 0 and an end after it");
    return [=](const Table& table) {
        require(last <= table.rows(), "Rows ", first, " to ", last,
                " cannot be for validation: ", display_name(table.source()), " has ", table.rows(), " rows");
        std::vector<char> is_valid(static_cast<size_t>(table.rows()), 0);
        std::fill(is_valid.begin() + first, is_valid.begin() + last, 1);
        return split_by(is_valid);
    };
}

}  // namespace embark
