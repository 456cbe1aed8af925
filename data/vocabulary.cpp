#include "vocabulary.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include <ATen/ATen.h>

#include "../core/error.h"
#include "../core/text.h"
#include "coded_column.h"
#include "row_values.h"
#include "table.h"
#include "table_impl.h"

namespace embark {

struct Vocabulary::Impl {
    std::vector<std::string> names;
    /// The keys are views of `names`.
    std::unordered_map<std::string_view, int64_t> indices;

    explicit Impl(std::vector<std::string> all_names) : names(std::move(all_names)) {
        indices.reserve(names.size());
        for (size_t i = 0; i < names.size(); ++i) {
            require(indices.emplace(names[i], static_cast<int64_t>(i)).second, "A vocabulary has '", names[i],
                    "' twice; every name may stand in it once");
        }
    }
};

namespace {

bool is_missing(std::string_view value) {
    return value.empty() || value == Vocabulary::kMissing;
}

/// Sorts distinct categories and puts `#na#` before them.
std::vector<std::string> numbered(std::vector<std::string> categories) {
    const bool integers = std::all_of(categories.begin(), categories.end(),
                                      [](const std::string& name) { return is_plain_integer(name); });
    if (integers) {
        std::sort(categories.begin(), categories.end(),
                  [](const std::string& a, const std::string& b) { return plain_integer_less(a, b); });
    } else {
        std::sort(categories.begin(), categories.end());
    }
    categories.insert(categories.begin(), std::string(Vocabulary::kMissing));
    return categories;
}

}  // namespace

std::vector<char> mark_rows(const at::Tensor& rows, const Table& table) {
    require(rows.dim() == 1 && rows.scalar_type() == at::kLong, "Row indices must be a 1-d int64 tensor");
    std::vector<char> marked(static_cast<size_t>(table.rows()), 0);
    const at::Tensor indices = rows.cpu().contiguous();
    const int64_t* row = indices.const_data_ptr<int64_t>();
    for (int64_t i = 0; i < indices.numel(); ++i) {
        if (row[i] < 0 || row[i] >= table.rows()) {
            fail("There is no row ", row[i], " in ", spoken_name(table.source()), ", which has ", table.rows(),
                 " rows, counted from 0");
        }
        marked[static_cast<size_t>(row[i])] = 1;
    }
    return marked;
}

Vocabulary::Vocabulary() : Vocabulary(from_names({std::string(kMissing)})) {}

Vocabulary::Vocabulary(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

Vocabulary Vocabulary::fit(const std::vector<std::string>& values) {
    std::vector<std::string> categories;
    std::copy_if(values.begin(), values.end(), std::back_inserter(categories),
                 [](const std::string& value) { return !is_missing(value); });
    std::sort(categories.begin(), categories.end());
    categories.erase(std::unique(categories.begin(), categories.end()), categories.end());
    return from_names(numbered(std::move(categories)));
}

Vocabulary Vocabulary::fit(const Table& table, std::string_view column, const at::Tensor& rows) {
    return fit_vocabulary(CodedColumn(table, column), mark_rows(rows, table));
}

Vocabulary Vocabulary::from_names(std::vector<std::string> names) {
    require(!names.empty() && names.front() == kMissing, "The first name of a vocabulary must be '", kMissing, "'",
            names.empty() ? "" : concat(", not '", names.front(), "'"));
    return Vocabulary(std::make_shared<const Impl>(std::move(names)));
}

int64_t Vocabulary::size() const {
    return static_cast<int64_t>(impl_->names.size());
}

int64_t Vocabulary::index(std::string_view value) const {
    const auto found = impl_->indices.find(value);
    return found == impl_->indices.end() ? 0 : found->second;
}

bool Vocabulary::has(std::string_view value) const {
    return impl_->indices.contains(value);
}

const std::string& Vocabulary::name(int64_t index) const {
    require(index >= 0 && index < size(), "There is no category ", index, "; the vocabulary has ", size(),
            ", counted from 0");
    return impl_->names[static_cast<size_t>(index)];
}

const std::vector<std::string>& Vocabulary::names() const {
    return impl_->names;
}

at::Tensor Vocabulary::encode(const Table& table, std::string_view column) const {
    return encode_column(*this, CodedColumn(table, column)).tensor();
}

std::vector<std::string> Vocabulary::decode(const at::Tensor& indices) const {
    const at::Tensor flat = indices.to(at::kCPU, at::kLong).contiguous();
    const int64_t* index = flat.const_data_ptr<int64_t>();
    std::vector<std::string> decoded;
    decoded.reserve(static_cast<size_t>(flat.numel()));
    for (int64_t i = 0; i < flat.numel(); ++i) decoded.push_back(name(index[i]));
    return decoded;
}

Vocabulary fit_vocabulary(const CodedColumn& column, const std::vector<char>& wanted) {
    std::vector<std::string> categories;
    visit_distinct(column, wanted, [&](int64_t, std::string_view value) {
        if (!is_missing(value)) categories.emplace_back(value);
    });
    return Vocabulary::from_names(numbered(std::move(categories)));
}

RowValues<int64_t> encode_column(const Vocabulary& vocabulary, const CodedColumn& column) {
    std::vector<int64_t> indices = {0};
    for (int64_t code = 0; code < column.values().length(); ++code) {
        indices.push_back(vocabulary.index(column.values().GetView(code)));
    }
    return {column, std::move(indices)};
}

}  // namespace embark
