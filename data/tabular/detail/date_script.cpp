#include "date_script.h"

namespace embark {

// It computes what predictor/date_parts.cpp does. The days of a date are counted in years that begin with March, so
// that the leap day is a year's last.
const char* const kDateScript = R"(
def _embark_digits(self, text: str, begin: int, count: int) -> int:
    if len(text) < begin + count:
        return -1
    number = 0
    for i in range(begin, begin + count):
        digit = ord(text[i]) - 48
        if digit < 0 or digit > 9:
            return -1
        number = number * 10 + digit
    return number

def _embark_days(self, year: int, month: int, day: int) -> int:
    march_year = year - 1 if month <= 2 else year
    march_month = (month + 9) % 12
    leap_days = march_year // 4 - march_year // 100 + march_year // 400
    return march_year * 365 + leap_days + (march_month * 153 + 2) // 5 + day - 1 - 719468

def _embark_clock(self, text: str) -> List[int]:
    clock: List[int] = []
    n = len(text)
    if n > 0 and text[n - 1] == "Z":
        n -= 1
    if n < 5 or (n > 5 and n < 8) or text[2] != ":":
        return clock
    hour = self._embark_digits(text, 0, 2)
    minute = self._embark_digits(text, 3, 2)
    second = 0
    if n > 5:
        if text[5] != ":":
            return clock
        second = self._embark_digits(text, 6, 2)
    if n > 8:
        if text[8] != "." or n == 9:
            return clock
        for i in range(9, n):
            if self._embark_digits(text, i, 1) < 0:
                return clock
    if hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 59:
        return clock
    return [hour, minute, second]

def _embark_date_parts(self, text: str) -> List[float]:
    parts: List[float] = []
    if len(text) < 10 or text[4] != "-" or text[7] != "-":
        return parts
    year = self._embark_digits(text, 0, 4)
    month = self._embark_digits(text, 5, 2)
    day = self._embark_digits(text, 8, 2)
    if year < 0 or month < 1 or month > 12:
        return parts
    days = self._embark_days(year, month, day)
    next_month = self._embark_days(year + 1, 1, 1) if month == 12 else self._embark_days(year, month + 1, 1)
    if day < 1 or days >= next_month:
        return parts
    clock: List[int] = [0, 0, 0]
    if len(text) > 10:
        if text[10] != " " and text[10] != "T":
            return parts
        clock = self._embark_clock(text[11:])
        if len(clock) == 0:
            return parts
    weekday = (days + 3) % 7
    new_year = self._embark_days(year, 1, 1)
    thursday = days + 3 - weekday
    thursday_year = year
    if thursday < new_year:
        thursday_year = year - 1
    elif thursday >= self._embark_days(year + 1, 1, 1):
        thursday_year = year + 1
    week = (thursday - self._embark_days(thursday_year, 1, 1)) // 7 + 1
    month_end = days + 1 == next_month
    month_start = day == 1
    values: List[int] = [
        year, month, week, day, weekday, days - new_year + 1,
        int(month_end), int(month_start),
        int(month_end and month % 3 == 0), int(month_start and month % 3 == 1),
        int(month_end and month == 12), int(month_start and month == 1),
        clock[0], clock[1], clock[2],
        days * 86400 + clock[0] * 3600 + clock[1] * 60 + clock[2]]
    for value in values:
        parts.append(float(value))
    return parts
)";

}  // namespace embark
