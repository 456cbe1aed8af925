#pragma once

#include <locale>
#include <sstream>
#include <stdexcept>
#include <string>

namespace embark {

/// What every Embark function throws when it cannot do what it was asked: one sentence that says what was wrong, where
/// (file, row, column, epoch, batch) and what would be right. A program shows it and ends with exit code 1.
class Error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Error where a program says `using namespace torch` and `using namespace embark`: LibTorch has an Error as well.
using EmbarkError = Error;

/// A setting that can never be right, whatever the data: a negative batch size, a reversed range. Programs end with
/// exit code 2.
class UsageError : public Error {
public:
    using Error::Error;
};

/// The arguments written one after the other, as `std::ostream` writes them; numbers as in a program's source, whatever
/// locale the program has set, since files and TorchScript are made of them.
template <class... Args>
std::string concat(const Args&... args) {
    std::ostringstream out;
    out.imbue(std::locale::classic());
    (out << ... << args);
    return out.str();
}

/// Throws `Exception` with its arguments as the message.
template <class Exception = Error, class... Args>
[[noreturn]] void fail(const Args&... args) {
    throw Exception(concat(args...));
}

/// Throws `Exception` with the rest of the arguments as the message unless `condition` holds.
template <class Exception = Error, class... Args>
void require(bool condition, const Args&... args) {
    if (!condition) fail<Exception>(args...);
}

}  // namespace embark
