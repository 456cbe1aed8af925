#pragma once

namespace embark {

/// As long as one lives, LibTorch's streams write numbers as a program's source does. TorchScript is written, compiled
/// and run through streams of the global C++ locale: one that groups digits would make `[1, 1,280]` of `[1, 1280]`.
/// Where the program has set no such locale, nothing changes; else the global locale is the classic one meanwhile, for
/// all threads, and C's own locale stays as it is.
class ClassicLocale {
public:
    ClassicLocale();
    ~ClassicLocale();
    ClassicLocale(const ClassicLocale&) = delete;
    ClassicLocale& operator=(const ClassicLocale&) = delete;
};

}  // namespace embark
