#include "alike_columns.h"

#include <set>
#include <string_view>
#include <unordered_map>

#include "../../../core/detail/number_words.h"
#include "../../../core/error.h"
#include "../../../core/text.h"
#include "../../table/detail/encoded_column.h"

namespace embark {

namespace {

/// How two columns go together.
enum class Likeness { none, one_to_one, same_values };

bool is_same_value(std::string_view a, std::string_view b) {
    if (a == b) return true;
    const auto number = read_number(a), other = read_number(b);
    return number && other && *number == *other;
}

/// Looks at the rows until something is against it.
Likeness likeness_of(const EncodedColumn& a, const EncodedColumn& b) {
    constexpr int32_t kUnseen = -2;
    std::vector<int32_t> b_of(static_cast<size_t>(a.values().length()) + 1, kUnseen);
    std::vector<int32_t> a_of(static_cast<size_t>(b.values().length()) + 1, kUnseen);
    bool same = true;
    const Codes codes = a.codes(), others = b.codes();
    for (int64_t row = 0; row < codes.size(); ++row) {
        const int32_t code = codes[row], other = others[row];
        int32_t& expected = b_of[static_cast<size_t>(code + 1)];
        int32_t& back = a_of[static_cast<size_t>(other + 1)];
        if (expected == other && back == code) continue;
        if (expected != kUnseen || back != kUnseen) return Likeness::none;
        expected = other;
        back = code;
        const bool both_missing = code < 0 && other < 0, one_missing = (code < 0) != (other < 0);
        same = same && !one_missing &&
               (both_missing || is_same_value(a.values().GetView(code), b.values().GetView(other)));
    }
    return same ? Likeness::same_values : Likeness::one_to_one;
}

bool is_target_kind(ColumnKind kind) {
    return kind == ColumnKind::target_class || kind == ColumnKind::target_value;
}

bool is_input_kind(ColumnKind kind) {
    return kind == ColumnKind::category || kind == ColumnKind::number;
}

std::string small_letters(std::string_view name) {
    std::string letters(without_blanks(name));
    for (char& c : letters) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return letters;
}

/// `name` without what a reader puts behind a name that comes again: "age" of "age.1".
std::string_view without_number(std::string_view name) {
    const size_t point = name.rfind('.');
    const bool numbered = point != name.npos && parse_int(name.substr(point + 1));
    return numbered ? name.substr(0, point) : name;
}

/// Whether `name` is `other` with a number behind it, or in other capitals.
bool is_repeated_name(std::string_view name, std::string_view other) {
    return without_number(name) == other || small_letters(name) == small_letters(other);
}

/// Finds the columns that another may repeat by their names, without comparing each with each: a table may have 200,000.
class Candidates {
public:
    /// Of columns that outlive it.
    explicit Candidates(const std::vector<ColumnSummary>& columns) {
        for (size_t i = 0; i < columns.size(); ++i) {
            if (is_target_kind(columns[i].kind)) targets_.insert(i);
            by_name_[small_letters(columns[i].name)].push_back(i);
        }
    }

    /// The positions of the targets, and of the columns whose name `name` may repeat.
    std::set<size_t> of(std::string_view name) const {
        std::set<size_t> positions = targets_;
        for (const std::string_view other : {name, without_number(name)}) {
            if (const auto found = by_name_.find(small_letters(other)); found != by_name_.end()) {
                positions.insert(found->second.begin(), found->second.end());
            }
        }
        return positions;
    }

private:
    std::set<size_t> targets_;
    std::unordered_map<std::string, std::vector<size_t>> by_name_;
};

}  // namespace

void warn_of_alike_columns(const Table& table, const std::vector<ColumnSummary>& columns,
                           std::vector<Warning>& warnings) {
    constexpr int64_t kFewRows = 20;  // in which columns are alike by chance
    const Candidates candidates(columns);
    for (const ColumnSummary& column : columns) {
        if (!is_input_kind(column.kind) || column.distinct.value_or(0) < 2) continue;
        for (const size_t position : candidates.of(column.name)) {
            const ColumnSummary& other = columns[position];
            const bool alike = other.distinct == column.distinct && other.missing == column.missing;
            if (&other == &column || !alike) continue;
            if (is_target_kind(other.kind) && table.rows() >= kFewRows) {
                const Likeness likeness = likeness_of({table, column.name}, {table, other.name});
                // Where nearly all values differ they are one to one whatever they are.
                const bool tells = likeness == Likeness::one_to_one && 2 * *column.distinct <= table.rows();
                if (!tells && likeness != Likeness::same_values) continue;
                warnings.push_back({"same_as_target",
                                    concat("column '", column.name, "' says what target '", other.name,
                                           "' says, in all ", table.rows(), " rows; leave it out (--ignore ",
                                           column.name, ") unless it is known where the target is not")});
            } else if (is_input_kind(other.kind) && is_repeated_name(column.name, other.name) &&
                       (&other < &column || !is_repeated_name(other.name, column.name)) &&
                       likeness_of({table, column.name}, {table, other.name}) == Likeness::same_values) {
                warnings.push_back({"repeated_column", concat("column '", column.name, "' has the values of column '",
                                                              other.name, "' in all rows; one of them is enough")});
            }
        }
    }
}

}  // namespace embark
