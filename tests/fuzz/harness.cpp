#include "harness.h"

#include <cstdio>
#include <cstdlib>
#include <new>

#include <sys/mman.h>
#include <unistd.h>

#include <embark/core/error.h>

namespace embark::fuzz {

const std::vector<Harness>& all_harnesses() {
    static const std::vector<Harness> all = [] {
        std::vector<Harness> harnesses;
        for (const auto& some : {table_harnesses(), tensor_harnesses(), checkpoint_harnesses(), exported_harnesses(),
                                 picture_harnesses()}) {
            harnesses.insert(harnesses.end(), some.begin(), some.end());
        }
        return harnesses;
    }();
    return all;
}

bool run_one(const Harness& harness, std::string_view bytes) {
    try {
        harness.run(bytes);
        return true;
    } catch (const Error&) {
    } catch (const std::bad_alloc&) {
    } catch (const std::exception& foreign) {
        std::fprintf(stderr, "%s: a message that no user should see: %s\n", harness.name.c_str(), foreign.what());
        std::abort();
    }
    return false;
}

MemoryFile::MemoryFile(std::string_view bytes) : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)) {
    require(descriptor_ >= 0 && write(descriptor_, bytes.data(), bytes.size()) == std::ssize(bytes),
            "there is no memory for a file");
}

MemoryFile::~MemoryFile() {
    close(descriptor_);
}

std::string MemoryFile::path() const {
    return concat("/proc/self/fd/", descriptor_);
}

}  // namespace embark::fuzz
