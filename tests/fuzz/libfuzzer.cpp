#include <cstdint>
#include <cstdlib>

#include "harness.h"

// libFuzzer's way in, where clang is the compiler: EMBARK_FUZZ=csv fuzz_libfuzzer CORPUS_FOLDER.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    static const embark::fuzz::Harness* chosen = [] {
        const char* name = std::getenv("EMBARK_FUZZ");
        for (const auto& harness : embark::fuzz::all_harnesses()) {
            if (name != nullptr && harness.name == name) return &harness;
        }
        std::abort();
    }();
    embark::fuzz::run_one(*chosen, {reinterpret_cast<const char*>(bytes), size});
    return 0;
}
