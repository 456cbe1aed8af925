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

/// One value for each of kDatePartNames.
using DateParts = std::array<double, kDatePartNames.size()>;

/// The parts of an ISO date: 2024-01-31, alone or followed by a space or T, a time 13:45 or 13:45:59, a fraction of a
/// second, which is left out, and Z. Nothing where `text` is anything else, or a day that no calendar has.
std::optional<DateParts> date_parts(std::string_view text);

/// Which columns add_datepart makes, and how.
struct DatePartOptions {
    /// What the names of the new columns begin with; empty: the name of the date's column without a "date" or "Date" at
    /// its end, as in fastai: saleDate -> saleYear.
    std::optional<std::string> prefix = {};
    /// Leave the date's own column out.
    bool drop = true;
    /// Hour, Minute and Second too.
    bool time = false;
};

/// A column that a part of a date becomes.
struct DatePartColumn {
    std::string name;
    /// Which of kDatePartNames.
    size_t part = 0;
    /// To be taken as a number rather than a category: Elapsed.
    bool is_number = false;
    /// True or false, rather than an integer.
    bool is_flag = false;
};
/// The columns that add_datepart makes for `column`, in fastai's order.
std::vector<DatePartColumn> date_part_list(std::string_view column, const DatePartOptions& options = {});

/// Their names, by what they are to be taken for.
struct DatePartColumns {
    /// Those to be taken as categories: all parts of the calendar and of the clock.
    std::vector<std::string> categories;
    /// Those to be taken as numbers: Elapsed.
    std::vector<std::string> numbers;
};
DatePartColumns date_part_columns(std::string_view column, const DatePartOptions& options = {});

}  // namespace embark
