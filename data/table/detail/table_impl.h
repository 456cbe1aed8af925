#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <arrow/type_fwd.h>

#include "../table.h"

namespace embark {

/// Where the rows of a table came from, so that messages can point at the file.
struct TableOrigin {
    std::string source = {};
    /// Lines of the file before its first row; nothing where rows and lines don't go together: values with line breaks,
    /// empty lines, files that have no lines.
    std::optional<int64_t> lines_before = {};
    /// For each row its number in the file, from 0 (int64); undefined where they are 0, 1, 2, …
    at::Tensor file_rows = {};
    /// Columns that are text whatever they look like.
    std::set<std::string, std::less<>> text_columns = {};
    /// Whether words such as NA and ? stand for a missing value in columns of numbers, true/false and dates; not where
    /// others were named for the file.
    bool missing_words = true;
    /// For columns, the words that were taken for a missing value as the file was read, and in how many of its rows.
    std::map<std::string, std::map<std::string, int64_t>, std::less<>> taken_words = {};
};

/// Where row `row` (counted from 0) of a table of this origin stands; Table::where.
std::string place_of(const TableOrigin& origin, int64_t row, std::string_view column);

struct Table::Impl {
    std::shared_ptr<arrow::Table> table;
    std::vector<std::string> names;
    TableOrigin origin;

    /// Throws Error where two columns have the same name.
    Impl(std::shared_ptr<arrow::Table> arrow_table, TableOrigin table_origin);
    /// Of a large table, also gives back what Arrow would keep for the next one: tensors do not come from there.
    ~Impl();
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    /// Position of `column`. Throws Error for an unknown name, and lists the names there are.
    int position(std::string_view column) const;
};

/// "ratings.csv", or "the table" where `source` is empty.
std::string display_name(const std::string& source);

/// `text` in quotes for a message, cut where it is long.
std::string in_quotes(std::string_view text);

/// Throws Error where a name stands twice among the columns of `source`.
void require_distinct(const std::vector<std::string>& names, const std::string& source);

/// The position of `name` among `names`. Throws Error for an unknown name, and lists the names there are.
int find_column(std::string_view name, const std::vector<std::string>& names, const std::string& source);

/// The positions of `columns` among `names`; of all where `columns` is empty. Throws Error for an unknown name, a
/// position outside the file, and a column asked for twice.
std::vector<int> find_columns(const std::vector<ColumnRef>& columns, const std::vector<std::string>& names,
                              const std::string& source);

}  // namespace embark
