#include "date_script.h"

namespace embark {

// It computes what predictor/date_parts.cpp does. The days of a date are counted in years that begin with March, so
// that the leap day is a year's last.
const char* const kDateScript = R"(
def _embark_digits(self, text: str, begin: int, least: int, most: int) -> Tuple[int, int]:
    number, end = 0, begin
    while end < len(text) and end - begin < most and ord(text[end]) >= 48 and ord(text[end]) <= 57:
        number = number * 10 + ord(text[end]) - 48
        end += 1
    if end - begin < least:
        return -1, begin
    return number, end

def _embark_days(self, year: int, month: int, day: int) -> int:
    march_year = year - 1 if month <= 2 else year
    march_month = (month + 9) % 12
    leap_days = march_year // 4 - march_year // 100 + march_year // 400
    return march_year * 365 + leap_days + (march_month * 153 + 2) // 5 + day - 1 - 719468

def _embark_offset(self, text: str, begin: int) -> Tuple[bool, int]:
    n = len(text)
    if begin == n:
        return True, 0
    at = begin + 1 if text[begin] == " " else begin
    if text[at:n] == "Z" or text[at:n] == "UTC":
        return True, 0
    if at == n or (text[at] != "+" and text[at] != "-"):
        return False, 0
    hours, end = self._embark_digits(text, at + 1, 2, 2)
    minutes = 0
    if end < n:
        minutes, end = self._embark_digits(text, end + 1 if text[end] == ":" else end, 2, 2)
    if hours < 0 or hours > 23 or minutes < 0 or minutes > 59 or end < n:
        return False, 0
    seconds = hours * 3600 + minutes * 60
    return True, seconds if text[at] == "+" else -seconds

def _embark_iso_fields(self, text: str) -> List[int]:
    fields: List[int] = []
    n = len(text)
    if n < 10 or text[4] != text[7] or (text[4] != "-" and text[4] != "/"):
        return fields
    year, _ = self._embark_digits(text, 0, 4, 4)
    month, _ = self._embark_digits(text, 5, 2, 2)
    day, _ = self._embark_digits(text, 8, 2, 2)
    if year < 0:
        return fields
    if n == 10:
        return [year, month, day, 0, 0, 0, 0]
    if text[10] != " " and text[10] != "T":
        return fields
    hour, at = self._embark_digits(text, 11, 2, 2)
    minute, second = 0, 0
    if at < n and text[at] == ":":
        minute, at = self._embark_digits(text, at + 1, 2, 2)
        if at < n and text[at] == ":":
            second, at = self._embark_digits(text, at + 1, 2, 2)
            if at < n and text[at] == ".":
                fraction, at = self._embark_digits(text, at + 1, 1, 9)
                if fraction < 0:
                    return fields
    valid, offset = self._embark_offset(text, at)
    if not valid:
        return fields
    return [year, month, day, hour, minute, second, offset]

def _embark_word(self, text: str, begin: int, words: List[str]) -> Tuple[int, int]:
    for i, word in enumerate(words):
        if text[begin:begin + len(word)].lower() == word:
            return i + 1, begin + len(word)
    return -1, begin

def _embark_format_fields(self, text: str, format: str) -> List[int]:
    no_fields: List[int] = []
    year, month, day, hour, minute, second, half = -1, -1, -1, 0, 0, 0, 0
    at, i = 0, 0
    while i < len(format):
        number = 0
        sign = format[i]
        if sign == "%" and i + 1 < len(format):
            i += 1
            sign = format[i]
            if sign == "Y":
                number, at = self._embark_digits(text, at, 4, 4)
                year = number
            elif sign == "y":
                number, at = self._embark_digits(text, at, 2, 2)
                year = number + 2000 if number < 69 else number + 1900
            elif sign == "b":
                number, at = self._embark_word(text, at, ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
                month = number
            elif sign == "p":
                number, at = self._embark_word(text, at, ["am", "pm"])
                half = number
            elif sign == "f":
                number, at = self._embark_digits(text, at, 1, 9)
            elif sign == "%":
                number = 0 if at < len(text) and text[at] == "%" else -1
                at += 1
            else:
                number, at = self._embark_digits(text, at, 1, 2)
                if sign == "m":
                    month = number
                elif sign == "d":
                    day = number
                elif sign == "M":
                    minute = number
                elif sign == "S":
                    second = number
                elif sign == "I" and (number < 1 or number > 12):
                    number = -1
                else:
                    hour = number
        else:
            number = 0 if at < len(text) and text[at] == sign else -1
            at += 1
        if number < 0:
            return no_fields
        i += 1
    if at != len(text):
        return no_fields
    if half > 0:
        hour = hour % 12 + 12 * (half - 1)
    return [year, month, day, hour, minute, second, 0]

def _embark_parts_of_fields(self, fields: List[int]) -> List[float]:
    parts: List[float] = []
    if len(fields) == 0:
        return parts
    year, month, day, hour, minute, second = fields[0], fields[1], fields[2], fields[3], fields[4], fields[5]
    if month < 1 or month > 12:
        return parts
    if hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 59:
        return parts
    days = self._embark_days(year, month, day)
    next_month = self._embark_days(year + 1, 1, 1) if month == 12 else self._embark_days(year, month + 1, 1)
    if day < 1 or days >= next_month:
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
        hour, minute, second,
        days * 86400 + hour * 3600 + minute * 60 + second - fields[6]]
    for value in values:
        parts.append(float(value))
    return parts

def _embark_date_parts(self, text: str, format: str) -> List[float]:
    text = text.strip(" \t")
    parts = self._embark_parts_of_fields(self._embark_iso_fields(text))
    if len(parts) > 0 or format == "":
        return parts
    return self._embark_parts_of_fields(self._embark_format_fields(text, format))
)";

}  // namespace embark
