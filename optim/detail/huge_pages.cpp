#include "huge_pages.h"

#include <cstdint>
#include <fstream>
#include <string>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace embark {

#if defined(__linux__)

namespace {

constexpr uintptr_t kPage = uintptr_t{1} << 21;
/// MADV_COLLAPSE, of Linux 6.1, which older headers lack.
constexpr int kCollapse = 25;

/// Collapsing would pass over the system's setting.
bool may_have_huge_pages() {
    static const bool may = [] {
        std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
        std::string setting;
        return std::getline(file, setting) && setting.find("[never]") == std::string::npos;
    }();
    return may;
}

}  // namespace

void prefer_huge_pages(const at::Tensor& tensor) {
    if (!tensor.defined() || !tensor.is_cpu() || !tensor.is_contiguous() || tensor.nbytes() < 2 * kPage) return;
    if (!may_have_huge_pages()) return;
    const auto address = reinterpret_cast<uintptr_t>(tensor.const_data_ptr());
    const uintptr_t begin = (address + kPage - 1) / kPage * kPage, end = (address + tensor.nbytes()) / kPage * kPage;
    auto* memory = reinterpret_cast<void*>(begin);
    // The first is for pages to come, the second for those that are there. Where one is refused, all stays as it was.
    madvise(memory, end - begin, MADV_HUGEPAGE);
    madvise(memory, end - begin, kCollapse);
}

#else

void prefer_huge_pages(const at::Tensor&) {}

#endif

}  // namespace embark
