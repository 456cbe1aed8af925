#include "date_graph.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include <ATen/ATen.h>

#include "../../../core/error.h"
#include "date_format_text.h"
#include "date_text.h"

namespace embark::onnx {

namespace {

/// The calendar begins anew every 400 years, of so many days.
constexpr int64_t kCycleYears = 400, kCycleDays = 146097, kDaysBefore1970 = 719528;

bool is_leap(int64_t year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/// Columns of the tables of years and of months.
enum YearColumn : int64_t { kDaysBefore, kLeap, kLeapBefore, kYearColumns };
enum MonthColumn : int64_t { kMonthBegin, kMonthLength, kFirstKind, kMonthColumns = kFirstKind + 6 };
constexpr int64_t kMonthsOfTable = 13;

/// Of each year of a cycle: the days before it, and whether it and the one before it are leap years.
at::Tensor year_table() {
    at::Tensor table = at::zeros({kCycleYears, kYearColumns}, at::kLong);
    auto row = table.accessor<int64_t, 2>();
    int64_t days = 0;
    for (int64_t year = 0; year < kCycleYears; ++year) {
        row[year][kDaysBefore] = days;
        row[year][kLeap] = is_leap(year);
        row[year][kLeapBefore] = year > 0 && is_leap(year - 1);
        days += 365 + is_leap(year);
    }
    return table;
}

/// Of each month, 0 for none, of a common year and then of a leap year: the days of the year before it, its days, and
/// whether it is one with which a month, a quarter, a year may end and begin, in the order of the flags.
at::Tensor month_table() {
    constexpr std::array<int64_t, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    at::Tensor table = at::zeros({2 * kMonthsOfTable, kMonthColumns}, at::kLong);
    auto row = table.accessor<int64_t, 2>();
    for (int64_t leap = 0; leap < 2; ++leap) {
        int64_t days = 0;
        row[leap * kMonthsOfTable][kMonthLength] = -1;  // which day 0 is beyond
        for (int64_t month = 1; month < kMonthsOfTable; ++month) {
            auto own = row[leap * kMonthsOfTable + month];
            own[kMonthBegin] = days;
            own[kMonthLength] = kDays[static_cast<size_t>(month - 1)] + (month == 2 ? leap : 0);
            const int64_t kinds[] = {1, 1, month % 3 == 0, month % 3 == 1, month == 12, month == 1};
            std::copy(std::begin(kinds), std::end(kinds), own.data() + kFirstKind);
            days += own[kMonthLength];
        }
    }
    return table;
}

/// Column number `which` of a matrix, [rows, 1].
std::string column_of(Graph& graph, const std::string& matrix, int64_t which) {
    return graph.node("Gather", {matrix, graph.integers({which})}, {{"axis", int64_t{1}}});
}

/// What the tables say of the years and months of dates, a row each.
struct CalendarRows {
    std::string year, month;
};

CalendarRows look_up(Graph& graph, const std::string& fields) {
    const std::string year = graph.node("Mod", {column_of(graph, fields, kYear), graph.integer(kCycleYears)});
    const std::string flat_year = graph.node("Squeeze", {year, graph.integers({1})});
    const std::string years = graph.node("Gather", {graph.constant(year_table(), "years"), flat_year});
    const std::string leap = graph.node("Mul", {column_of(graph, years, kLeap), graph.integer(kMonthsOfTable)});
    const std::string month = graph.node("Add", {column_of(graph, fields, kMonth), leap});
    const std::string flat_month = graph.node("Squeeze", {month, graph.integers({1})});
    return {years, graph.node("Gather", {graph.constant(month_table(), "months"), flat_month})};
}

/// Whether the day is one that the month has.
std::string is_day(Graph& graph, const std::string& fields, const CalendarRows& rows) {
    return graph.node("LessOrEqual", {column_of(graph, fields, kDay), column_of(graph, rows.month, kMonthLength)});
}

/// The week of the year that has the Thursday of a day's week, counted from 1 (ISO 8601). The day of the year is
/// counted from 0, and so is that of the week.
std::string iso_week_of(Graph& graph, const std::string& day_of_year, const std::string& weekday,
                        const std::string& years) {
    const auto length = [&](YearColumn leap) {
        return graph.node("Add", {column_of(graph, years, leap), graph.integer(365)});
    };
    const std::string own_length = length(kLeap);
    const std::string day =
        graph.node("Add", {graph.node("Sub", {day_of_year, weekday}), graph.integer(3)});  // Thursday's
    const std::string before = graph.node("Less", {day, graph.integer(0)});
    const std::string after = graph.node("GreaterOrEqual", {day, own_length});
    const std::string of_next = graph.node("Where", {after, graph.node("Sub", {day, own_length}), day});
    const std::string thursday = graph.node("Where", {before, graph.node("Add", {day, length(kLeapBefore)}), of_next});
    return graph.node("Add", {graph.node("Div", {thursday, graph.integer(7)}), graph.integer(1)});
}

/// The parts of dates, in the order of kDatePartNames.
DateParts parts_of_fields(Graph& graph, const std::string& fields) {
    const CalendarRows rows = look_up(graph, fields);
    const auto add = [&](const std::string& a, const std::string& b) { return graph.node("Add", {a, b}); };
    const auto times = [&](const std::string& a, int64_t b) { return graph.node("Mul", {a, graph.integer(b)}); };
    const std::string year = column_of(graph, fields, kYear), day = column_of(graph, fields, kDay);
    const std::string day_number = add(column_of(graph, rows.month, kMonthBegin), day);  // of the year, from 1
    const std::string day_of_year = add(day_number, graph.integer(-1));
    const std::string cycles = graph.node("Div", {year, graph.integer(kCycleYears)});
    const std::string before_year =
        add(times(cycles, kCycleDays), add(column_of(graph, rows.year, kDaysBefore), graph.integer(-kDaysBefore1970)));
    const std::string days = add(before_year, day_of_year);  // from 1970
    const std::string weekday = graph.node("Mod", {add(days, graph.integer(3)), graph.integer(7)});

    const auto equal = [&](const std::string& a, const std::string& b) {
        return graph.cast(graph.node("Equal", {a, b}), Type::int64);
    };
    const std::string end = equal(day, column_of(graph, rows.month, kMonthLength)),
                      start = equal(day, graph.integer(1));
    const std::string ends = graph.node("Concat", {end, start, end, start, end, start}, {{"axis", int64_t{1}}});
    const std::string kinds = graph.node(
        "Slice", {rows.month, graph.integers({kFirstKind}), graph.integers({kMonthColumns}), graph.integers({1})});
    const std::string clock =
        graph.node("Slice", {fields, graph.integers({kHour}), graph.integers({kOffset}), graph.integers({1})});
    const std::string seconds = graph.node(
        "Mul",
        {graph.node("Slice", {fields, graph.integers({kHour}), graph.integers({kDateFields}), graph.integers({1})}),
         graph.integers({3600, 60, 1, -1})});
    const std::string elapsed = add(times(days, 86400), graph.node("ReduceSum", {seconds, graph.integers({1})}));
    const Names values = {year,
                          column_of(graph, fields, kMonth),
                          iso_week_of(graph, day_of_year, weekday, rows.year),
                          day,
                          weekday,
                          day_number,
                          graph.node("Mul", {ends, kinds}),
                          clock,
                          elapsed};
    return {graph.node("Concat", values, {{"axis", int64_t{1}}}), is_day(graph, fields, rows)};
}

/// What a part of a date may be, from `first` to `last`; a year, those that `vocabulary` has.
std::pair<int64_t, int64_t> range_of(const DateCategory& category) {
    constexpr std::pair<int64_t, int64_t> kRanges[] = {{0, 9999}, {1, 12}, {1, 53}, {1, 31}, {0, 6},
                                                       {1, 366},  {0, 1},  {0, 1},  {0, 1},  {0, 1},
                                                       {0, 1},    {0, 1},  {0, 23}, {0, 59}, {0, 59}};
    const size_t part = category.column.part;
    require(part < std::size(kRanges), "Column '", category.column.name,
            "' is a category of seconds, which has no ONNX form; take it as a number");
    auto [first, last] = kRanges[part];
    const auto is_known = [&](int64_t value) { return category.vocabulary.has(std::to_string(value)); };
    if (part > 0) return {first, last};
    while (first < last && !is_known(first)) ++first;
    while (first < last && !is_known(last)) --last;
    // One on either side stands for those that are not known.
    return {first - 1, last + 1};
}

int64_t code_of(const DateCategory& category, int64_t value) {
    if (!category.column.is_flag) return category.vocabulary.index(std::to_string(value));
    return category.vocabulary.index(value != 0 ? "true" : "false");
}

}  // namespace

DateParts add_date(Graph& graph, const DateColumn& date, const std::string& texts) {
    std::optional<DateFormat> format;
    if (!date.format.empty()) format.emplace(date.format, date.name);
    if (format && !format->fits_texts()) format.reset();
    std::vector<std::string> samples = {kIsoSample};
    if (format) samples.push_back(format->sample());
    const std::string given = graph.node("Reshape", {texts, graph.integers({-1})});
    const std::string all = graph.node("Concat", {given, graph.texts(samples, "samples")}, {{"axis", int64_t{0}}});
    std::string fields = read_iso_dates(graph, all);
    if (format) {
        const std::string valid = is_day(graph, fields, look_up(graph, fields));
        fields = graph.node("Where", {valid, fields, format->read(graph, all)});
    }
    const std::string end = graph.integers({-static_cast<int64_t>(samples.size())});
    return parts_of_fields(graph, graph.node("Slice", {fields, graph.integers({0}), end, graph.integers({0})}));
}

std::string date_codes(Graph& graph, const DateParts& dates, const std::vector<DateCategory>& categories) {
    // All codes one after the other, behind the one of what is missing.
    std::vector<int64_t> codes = {0}, columns, firsts, lasts, places;
    for (const DateCategory& category : categories) {
        const auto [first, last] = range_of(category);
        columns.push_back(static_cast<int64_t>(category.column.part));
        firsts.push_back(first);
        lasts.push_back(last);
        places.push_back(static_cast<int64_t>(codes.size()) - first);
        for (int64_t value = first; value <= last; ++value) codes.push_back(code_of(category, value));
    }
    const std::string values = graph.node("Gather", {dates.values, graph.integers(columns)}, {{"axis", int64_t{1}}});
    const std::string in_range =
        graph.node("Min", {graph.node("Max", {values, graph.integers(firsts)}), graph.integers(lasts)});
    const std::string place =
        graph.node("Where", {dates.valid, graph.node("Add", {in_range, graph.integers(places)}), graph.integer(0)});
    return graph.node("Gather", {graph.constant(at::tensor(codes, at::kLong), "codes"), place});
}

std::string date_number(Graph& graph, const DateParts& dates, const DatePartColumn& column) {
    const std::string value =
        graph.cast(column_of(graph, dates.values, static_cast<int64_t>(column.part)), Type::float64);
    const std::string nan = graph.number(std::numeric_limits<double>::quiet_NaN());
    return graph.node("Where", {dates.valid, value, nan});
}

}  // namespace embark::onnx
