#include "classic_locale.h"

#include <clocale>
#include <cstdint>
#include <locale>
#include <mutex>
#include <string>

namespace embark {

namespace {

/// What all threads that need the classic locale share: the first changes it, the last restores it.
struct SharedLocale {
    std::mutex mutex;
    int64_t users = 0;
    std::locale replaced;
};

SharedLocale& shared_locale() {
    static SharedLocale shared;
    return shared;
}

}  // namespace

ClassicLocale::ClassicLocale() {
    SharedLocale& shared = shared_locale();
    const std::lock_guard lock(shared.mutex);
    if (shared.users++ > 0) return;
    shared.replaced = std::locale();
    if (shared.replaced == std::locale::classic()) return;
    // With a facet of its own it has no name, and C's locale is left alone.
    std::locale::global(std::locale(std::locale::classic(), new std::numpunct<char>));
}

ClassicLocale::~ClassicLocale() {
    SharedLocale& shared = shared_locale();
    const std::lock_guard lock(shared.mutex);
    if (--shared.users > 0 || shared.replaced == std::locale::classic()) return;
    // A locale with a name sets C's as well, which the program may have chosen otherwise.
    const char* name = std::setlocale(LC_ALL, nullptr);
    const std::string c_locale = name == nullptr ? "C" : name;
    std::locale::global(shared.replaced);
    std::setlocale(LC_ALL, c_locale.c_str());
}

}  // namespace embark
