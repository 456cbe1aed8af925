#include "date_parts.h"

#include <algorithm>
#include <chrono>

#include "../core/detail/number_words.h"
#include "../core/error.h"

namespace embark {

namespace {

// Positions in kDatePartNames.
constexpr size_t kFirstFlag = 6, kElapsed = 15;

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

/// A time of day.
struct Clock {
    int hour = 0, minute = 0, second = 0, nanosecond = 0;

    bool ok() const {
        return hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60 && nanosecond >= 0;
    }
    int seconds() const { return hour * 3600 + minute * 60 + second; }
};

/// What a text says: a day and a time, and how far they are ahead of UTC.
struct Moment {
    std::chrono::year_month_day date = {};
    Clock clock = {};
    int offset_seconds = 0;

    int64_t elapsed() const {
        const std::chrono::sys_days day = date;
        return int64_t{day.time_since_epoch().count()} * 86400 + clock.seconds() - offset_seconds;
    }
};

std::chrono::year_month_day calendar_day(int year, int month, int day) {
    return {std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
            std::chrono::day(static_cast<unsigned>(day))};
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Reads a text from its beginning to its end.
class Reader {
public:
    explicit Reader(std::string_view text) : left_(text) {}

    bool at_end() const { return left_.empty(); }

    /// Whether `text` comes next, which is read then.
    bool take(std::string_view text) {
        if (!left_.starts_with(text)) return false;
        left_.remove_prefix(text.size());
        return true;
    }

    /// The number of the digits that come next, at most `most`; -1 where they are fewer than `least`.
    int number(size_t least, size_t most) {
        int number = 0;
        size_t n = 0;
        for (; n < most && n < left_.size() && is_digit(left_[n]); ++n) number = number * 10 + (left_[n] - '0');
        if (n < least) return -1;
        left_.remove_prefix(n);
        return number;
    }

    /// The digits after a decimal point as billionths; -1 where there are no digits.
    int billionths() {
        const size_t before = left_.size();
        int number = this->number(1, 9);
        for (size_t n = before - left_.size(); n < 9 && number >= 0; ++n) number *= 10;
        return number;
    }

    /// Which of `words`, in small letters, comes next in any capitals, counted from 1; -1 where none does.
    template <size_t n>
    int word(const std::array<std::string_view, n>& words) {
        for (size_t i = 0; i < n; ++i) {
            if (!is_word(left_.substr(0, words[i].size()), words[i])) continue;
            left_.remove_prefix(words[i].size());
            return static_cast<int>(i) + 1;
        }
        return -1;
    }

private:
    std::string_view left_;
};

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 2> kHalves = {"am", "pm"};

/// "07", "07:00", "07:00:00" or "07:00:00.5"; not ok() for any other text.
Clock read_clock(Reader& text) {
    Clock clock = {.hour = text.number(2, 2)};
    if (!text.take(":")) return clock;
    clock.minute = text.number(2, 2);
    if (!text.take(":")) return clock;
    clock.second = text.number(2, 2);
    if (text.take(".")) clock.nanosecond = text.billionths();
    return clock;
}

/// The rest of a text, nothing, Z or an offset, in seconds.
std::optional<int> read_offset(Reader& text) {
    if (text.at_end()) return 0;
    text.take(" ");
    if (text.take("Z") || text.take("UTC")) return text.at_end() ? std::optional(0) : std::nullopt;
    const bool ahead = text.take("+");
    if (!ahead && !text.take("-")) return std::nullopt;
    const int hours = text.number(2, 2);
    int minutes = 0;
    if (!text.at_end()) {
        text.take(":");
        minutes = text.number(2, 2);
    }
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || !text.at_end()) return std::nullopt;
    return (ahead ? 1 : -1) * (hours * 3600 + minutes * 60);
}

std::optional<Moment> read_iso(std::string_view whole) {
    Reader text(whole);
    const int year = text.number(4, 4);
    const std::string_view separator = text.take("-") ? "-" : "/";
    if (year < 0 || (separator == "/" && !text.take("/"))) return std::nullopt;
    const int month = text.number(2, 2);
    if (month < 0 || !text.take(separator)) return std::nullopt;
    const int day = text.number(2, 2);
    Moment moment;
    if (day < 0) return std::nullopt;
    moment.date = calendar_day(year, month, day);
    if (text.at_end()) return moment;
    if (!text.take("T") && !text.take(" ")) return std::nullopt;
    moment.clock = read_clock(text);
    const auto offset = read_offset(text);
    if (!offset) return std::nullopt;
    moment.offset_seconds = *offset;
    return moment;
}

/// The directives of a format.
constexpr std::string_view kDirectives = "YymdHIpMSfb%";

/// What the directives of a format read.
struct Fields {
    int year = -1, month = -1, day = -1, half = 0, hour = 0;
    Clock clock = {};

    /// False where `text` does not go on with what `directive` stands for.
    bool read(char directive, Reader& text) {
        const auto set = [](int& field, int value) {
            field = value;
            return value >= 0;
        };
        switch (directive) {
            case 'Y':
                return set(year, text.number(4, 4));
            case 'y':
                if (!set(year, text.number(2, 2))) return false;
                year += year < 69 ? 2000 : 1900;
                return true;
            case 'm':
                return set(month, text.number(1, 2));
            case 'b':
                return set(month, text.word(kMonths));
            case 'd':
                return set(day, text.number(1, 2));
            case 'H':
                return set(clock.hour, text.number(1, 2));
            case 'I':
                return set(hour, text.number(1, 2)) && hour >= 1 && hour <= 12;
            case 'p':
                return set(half, text.word(kHalves));
            case 'M':
                return set(clock.minute, text.number(1, 2));
            case 'S':
                return set(clock.second, text.number(1, 2));
            case 'f':
                return set(clock.nanosecond, text.billionths());
            default:
                return text.take("%");
        }
    }

    Moment moment() const {
        Moment result{.date = calendar_day(year, month, day), .clock = clock};
        if (half > 0) result.clock.hour = hour % 12 + (half == 2 ? 12 : 0);
        return result;
    }
};

std::optional<Moment> read_by_format(std::string_view whole, std::string_view format) {
    Reader text(whole);
    Fields fields;
    for (size_t i = 0; i < format.size(); ++i) {
        const bool is_directive = format[i] == '%' && i + 1 < format.size();
        if (is_directive ? !fields.read(format[++i], text) : !text.take(format.substr(i, 1))) return std::nullopt;
    }
    return text.at_end() ? std::optional(fields.moment()) : std::nullopt;
}

std::optional<Moment> read_moment(std::string_view text, std::string_view format) {
    text = without_blanks(text);
    const auto valid = [](const std::optional<Moment>& moment) {
        return moment && moment->date.ok() && moment->clock.ok();
    };
    auto moment = read_iso(text);
    if (valid(moment)) return moment;
    if (format.empty()) return std::nullopt;
    moment = read_by_format(text, format);
    return valid(moment) ? moment : std::nullopt;
}

/// The week of the year that has this day's Thursday, counted from 1 (ISO 8601).
int64_t iso_week(std::chrono::sys_days day) {
    using namespace std::chrono;
    const sys_days thursday = day + days(4) - days(weekday(day).iso_encoding());
    const sys_days new_year = year_month_day(thursday).year() / January / 1;
    return (thursday - new_year) / days(7) + 1;
}

DateParts parts_of(const Moment& moment) {
    using namespace std::chrono;
    const auto& [date, clock, offset] = moment;
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
            number(moment.elapsed())};
}

}  // namespace

std::optional<DateParts> date_parts(std::string_view text, std::string_view format) {
    const auto moment = read_moment(text, format);
    return moment ? std::optional(parts_of(*moment)) : std::nullopt;
}

std::optional<double> date_seconds(std::string_view text, std::string_view format) {
    const auto moment = read_moment(text, format);
    if (!moment) return std::nullopt;
    return static_cast<double>(moment->elapsed()) + moment->clock.nanosecond * 1e-9;
}

std::string date_hint(std::string_view format) {
    return concat("dates are like 2024-01-31, with a time or without",
                  format.empty() ? ", or of a date format that is given" : concat(", or of the format ", format));
}

void require_date_format(std::string_view format) {
    constexpr std::string_view kKnown = "%Y, %y, %m, %b, %d, %H, %I with %p, %M, %S, %f and %%";
    std::string seen;
    for (size_t i = 0; i < format.size(); ++i) {
        if (format[i] != '%') continue;
        const std::string_view directive = format.substr(i++, 2);
        const bool known = directive.size() == 2 && kDirectives.find(directive[1]) != std::string_view::npos;
        require<UsageError>(known, "The date format '", format, "' has '", directive, "', which is not one of ",
                            kKnown);
        if (directive != "%%") seen += directive[1];
    }
    const auto count = [&](std::string_view directives) {
        return std::count_if(seen.begin(), seen.end(),
                             [&](char c) { return directives.find(c) != std::string_view::npos; });
    };
    const bool has_day = count("Yy") == 1 && count("mb") == 1 && count("d") == 1;
    require<UsageError>(has_day, "The date format '", format,
                        "' needs a year, a month and a day, each once, as in %m/%d/%Y");
    const bool clear = count("HI") <= 1 && count("I") == count("p") && count("M") <= 1 && count("S") <= 1 &&
                       count("f") <= 1;
    require<UsageError>(clear, "The date format '", format,
                        "' has a part of the time twice, or %I without %p, which tells morning from afternoon");
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
