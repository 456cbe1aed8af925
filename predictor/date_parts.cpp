#include "date_parts.h"

#include <algorithm>
#include <chrono>

#include "../core/error.h"

namespace embark {

namespace {

// Positions in kDatePartNames.
constexpr size_t kFirstFlag = 6, kFirstOfTime = 12, kElapsed = 15;

/// The parts that these options ask for.
std::vector<size_t> wanted_parts(const DatePartOptions& options) {
    std::vector<size_t> parts;
    for (size_t part = 0; part < kDatePartNames.size(); ++part) {
        if (part < kFirstOfTime || part == kElapsed || options.time) parts.push_back(part);
    }
    return parts;
}

std::string prefix_of(std::string_view column, const DatePartOptions& options) {
    if (options.prefix) return *options.prefix;
    if (column.ends_with("date") || column.ends_with("Date")) column.remove_suffix(4);
    return std::string(column);
}

/// The number that the `count` characters from `begin` on are, -1 where they are not all digits.
int digits(std::string_view text, size_t begin, size_t count) {
    if (text.size() < begin + count) return -1;
    int number = 0;
    for (const char c : text.substr(begin, count)) {
        if (c < '0' || c > '9') return -1;
        number = number * 10 + (c - '0');
    }
    return number;
}

bool is_at(std::string_view text, size_t position, char c) {
    return position < text.size() && text[position] == c;
}

/// A time of day.
struct Clock {
    int hour = 0, minute = 0, second = 0;
};

/// "13:45", "13:45:59", "13:45:59.123", and with a Z at the end.
std::optional<Clock> read_clock(std::string_view text) {
    if (text.ends_with('Z')) text.remove_suffix(1);
    Clock clock{digits(text, 0, 2), digits(text, 3, 2), 0};
    if (!is_at(text, 2, ':')) return std::nullopt;
    if (text.size() > 5) {
        clock.second = digits(text, 6, 2);
        if (!is_at(text, 5, ':')) return std::nullopt;
    }
    if (text.size() > 8) {
        const bool fraction = text[8] == '.' && text.size() > 9;
        const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
        if (!fraction || !std::all_of(text.begin() + 9, text.end(), is_digit)) return std::nullopt;
    }
    const bool valid = clock.hour >= 0 && clock.hour < 24 && clock.minute >= 0 && clock.minute < 60 &&
                       clock.second >= 0 && clock.second < 60;
    return valid ? std::optional(clock) : std::nullopt;
}

/// The week of the year that has this day's Thursday, counted from 1 (ISO 8601).
int64_t iso_week(std::chrono::sys_days day) {
    using namespace std::chrono;
    const sys_days thursday = day + days(4) - days(weekday(day).iso_encoding());
    const sys_days new_year = year_month_day(thursday).year() / January / 1;
    return (thursday - new_year) / days(7) + 1;
}

DateParts parts_of(std::chrono::year_month_day date, const Clock& clock) {
    using namespace std::chrono;
    const sys_days day = date, new_year = date.year() / January / 1;
    const auto month = static_cast<unsigned>(date.month());
    const bool month_start = date.day() == std::chrono::day(1);
    const bool month_end = date == date.year() / date.month() / last;
    const auto number = [](auto value) { return static_cast<double>(value); };
    return {number(static_cast<int>(date.year())),
            number(month),
            number(iso_week(day)),
            number(static_cast<unsigned>(date.day())),
            number(weekday(day).iso_encoding() - 1),
            number((day - new_year).count() + 1),
            number(month_end),
            number(month_start),
            number(month_end && month % 3 == 0),
            number(month_start && month % 3 == 1),
            number(month_end && month == 12),
            number(month_start && month == 1),
            number(clock.hour),
            number(clock.minute),
            number(clock.second),
            number(day.time_since_epoch().count()) * 86400 + clock.hour * 3600 + clock.minute * 60 + clock.second};
}

}  // namespace

std::optional<DateParts> date_parts(std::string_view text) {
    const int year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
    if (year < 0 || month < 0 || day < 0 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok()) return std::nullopt;
    if (text.size() == 10) return parts_of(date, {});
    if (text[10] != ' ' && text[10] != 'T') return std::nullopt;
    const auto clock = read_clock(text.substr(11));
    return clock ? std::optional(parts_of(date, *clock)) : std::nullopt;
}

std::vector<DatePartColumn> date_part_list(std::string_view column, const DatePartOptions& options) {
    std::vector<DatePartColumn> columns;
    for (const size_t part : wanted_parts(options)) {
        columns.push_back({.name = concat(prefix_of(column, options), kDatePartNames[part]),
                           .part = part,
                           .is_number = part == kElapsed,
                           .is_flag = part >= kFirstFlag && part < kFirstOfTime});
    }
    return columns;
}

DatePartColumns date_part_columns(std::string_view column, const DatePartOptions& options) {
    DatePartColumns names;
    for (auto& part : date_part_list(column, options)) {
        (part.is_number ? names.numbers : names.categories).push_back(std::move(part.name));
    }
    return names;
}

}  // namespace embark
