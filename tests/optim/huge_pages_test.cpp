#include "../../optim/detail/huge_pages.h"

#include <fstream>
#include <sstream>
#include <string>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace embark {
namespace huge_pages_test {

constexpr int64_t kMegabyte = 1 << 20;

at::Tensor numbers(int64_t megabytes) {
    return at::arange(megabytes * kMegabyte / static_cast<int64_t>(sizeof(float)), at::kFloat);
}

/// Bytes of the process's memory, where `tensor` lies, that are in huge pages; −1 where the system does not say.
int64_t huge_bytes(const at::Tensor& tensor) {
    const auto middle = reinterpret_cast<uintptr_t>(tensor.const_data_ptr()) + tensor.nbytes() / 2;
    std::ifstream maps("/proc/self/smaps");
    bool inside = false;
    for (std::string line; std::getline(maps, line);) {
        std::istringstream words(line);
        uintptr_t begin = 0, end = 0;
        char dash = 0;
        if (words >> std::hex >> begin >> dash >> end && dash == '-') {
            inside = begin <= middle && middle < end;
        } else if (inside && line.starts_with("AnonHugePages:")) {
            return std::stoll(line.substr(line.find(':') + 1)) * 1024;
        }
    }
    return -1;
}

bool system_gives_huge_pages() {
    std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
    std::string setting;
    return std::getline(file, setting) && setting.find("[never]") == std::string::npos;
}

TEST(HugePages, change_nothing_of_what_a_tensor_holds) {
    for (const int64_t megabytes : {0, 1, 4, 5, 33}) {
        const at::Tensor tensor = numbers(megabytes), expected = tensor.clone();
        prefer_huge_pages(tensor);
        EXPECT_TRUE(tensor.equal(expected)) << megabytes << " MB";
        tensor.add_(1);
        EXPECT_TRUE(tensor.equal(expected + 1)) << megabytes << " MB";
    }
}

TEST(HugePages, are_not_asked_for_what_has_no_memory_of_its_own_in_one_piece) {
    const at::Tensor columns = numbers(16).view({-1, 4}).t(), expected = columns.clone();
    prefer_huge_pages(columns);
    EXPECT_TRUE(columns.equal(expected));
    prefer_huge_pages(at::Tensor());
    prefer_huge_pages(at::empty({1 << 24}, at::kMeta));
}

TEST(HugePages, hold_large_tensors_where_the_system_gives_them) {
    const at::Tensor tensor = numbers(64);
    prefer_huge_pages(tensor);
    const int64_t bytes = huge_bytes(tensor);
    if (!system_gives_huge_pages() || bytes <= 0) GTEST_SKIP() << "this system gives none";
    EXPECT_GE(bytes, 32 * kMegabyte);
}

}  // namespace huge_pages_test
}  // namespace embark
