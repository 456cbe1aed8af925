#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace embark {

/// What a date is taken apart into, fastai's names in fastai's order. Dayofweek counts from 0 for Monday; Week is the
/// ISO week; the flags are 0 or 1; Elapsed is seconds from 1970.
inline constexpr std::array<std::string_view, 16> kDatePartNames = {"Year",           "Month",
                                                                    "Week",           "Day",
                                                                    "Dayofweek",      "Dayofyear",
                                                                    "Is_month_end",   "Is_month_start",
                                                                    "Is_quarter_end", "Is_quarter_start",
                                                                    "Is_year_end",    "Is_year_start",
                                                                    "Hour",           "Minute",
                                                                    "Second",         "Elapsed"};

/// The first of the parts of the time of day; they end before the last one, Elapsed.
inline constexpr size_t kFirstOfTime = 12;

/// One value for each of kDatePartNames.
using DateParts = std::array<double, kDatePartNames.size()>;

/// Dates and times as texts, in one grammar for tables, rows and exported files: 2024-01-31 or 2024/01/31; then maybe a
/// space or T and a time 07, 07:00, 07:00:00 or with a fraction of a second of up to 9 digits; then maybe Z, UTC, or an
/// offset +02, +0200 or +02:00, after a space or not. Spaces around all of it don't matter. `format`, where there is
/// one, is a second form, tried where that one does not fit: see require_date_format.

/// The parts of a date: the local ones that stand in `text`, but for Elapsed, which is of UTC where `text` has an
/// offset; fractions of a second are left out. Nothing where `text` is not a date, or a day that no calendar has.
std::optional<DateParts> date_parts(std::string_view text, std::string_view format = {});

/// Seconds from 1970 of a date, of UTC where `text` has an offset, fractions included; nothing where it is not a date.
std::optional<double> date_seconds(std::string_view text, std::string_view format = {});

/// "dates are like 2024-01-31, …", for messages.
std::string date_hint(std::string_view format = {});

/// Throws UsageError unless `format` is one of a date: Python's %Y, %y (69 and later are 1969 and later), %m, %d, %H,
/// %I with %p, %M, %S, %f, %b (Jan, in any capitals) and %%, each at most once, with a year, a month and a day; all
/// else stands for itself. Numbers may lack leading zeros where a separator follows: %m/%d/%Y reads 3/31/2023.
void require_date_format(std::string_view format);

/// Which columns add_datepart makes, and how.
struct DatePartOptions {
    /// What the names of the new columns begin with; empty: the name of the date's column without a "date" or "Date" at
    /// its end, as in fastai: saleDate -> saleYear.
    std::optional<std::string> prefix = {};
    /// Leave the date's own column out.
    bool drop = true;
    /// Hour, Minute and Second too.
    bool time = false;
    /// A second form of dates, as date_parts reads it.
    std::string format = {};
};

/// A column that a part of a date becomes.
struct DatePartColumn {
    std::string name;  ///< the date's column, or its prefix, and the part: "soldYear"
    /// Which of kDatePartNames.
    size_t part = 0;
    /// To be taken as a number rather than a category: Elapsed.
    bool is_number = false;
    /// True or false, rather than an integer.
    bool is_flag = false;
};
/// The columns that add_datepart makes for `column`, in fastai's order.
std::vector<DatePartColumn> date_part_list(std::string_view column, const DatePartOptions& options = {});

/// The names of a date's parts, by what they are to be taken for.
struct DatePartColumns {
    /// Those to be taken as categories: all parts of the calendar and of the clock.
    std::vector<std::string> categories;
    /// Those to be taken as numbers: Elapsed.
    std::vector<std::string> numbers;
};
/// Those of date_part_list(), by what they are to be taken for.
DatePartColumns date_part_columns(std::string_view column, const DatePartOptions& options = {});

}  // namespace embark
