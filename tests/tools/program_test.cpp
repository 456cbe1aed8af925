#include <algorithm>
#include <functional>
#include <new>
#include <stdexcept>
#include <string>

#include <c10/util/Exception.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <embark/core/error.h>

#include "program.h"

namespace embark::tools {
namespace program_test {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::function<void()> action;

int act(const Arguments&) {
    action();
    return 0;
}

/// What a program prints whose command throws, on standard error, and its exit code.
std::pair<std::string, int> end_of(std::function<void()> throws) {
    action = std::move(throws);
    ::testing::internal::CaptureStderr();
    const int code = run_program({{"act", "throws", act}}, {"act"});
    return {::testing::internal::GetCapturedStderr(), code};
}

TEST(Program, says_its_own_errors_as_they_are) {
    EXPECT_EQ(end_of([] { fail("no such file"); }), std::pair(std::string("embark: no such file\n"), 1));
    EXPECT_EQ(end_of([] { fail<UsageError>("no such option"); }), std::pair(std::string("embark: no such option\n"), 2));
    EXPECT_EQ(end_of([] { throw std::bad_alloc(); }), std::pair(std::string("embark: not enough memory\n"), 1));
}

TEST(Program, says_of_a_foreign_error_that_it_is_a_fault_and_how_to_report_it) {
    const auto is_fault = [](const std::string& message) {
        return AllOf(StartsWith("embark: this is a fault of Embark's; please report it as SECURITY.md says"), HasSubstr(message));
    };
    const auto [foreign, code] = end_of([] { throw std::out_of_range("vector::_M_range_check:\nn is 3"); });
    EXPECT_THAT(foreign, is_fault("vector::_M_range_check"));
    EXPECT_EQ(std::count(foreign.begin(), foreign.end(), '\n'), 1);
    EXPECT_EQ(code, 1);
    EXPECT_THAT(end_of([] { TORCH_CHECK(false, "Stride calculation"); }).first, is_fault("Stride calculation"));
    EXPECT_EQ(end_of([] { TORCH_CHECK(false, "DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"); }).first,
              "embark: not enough memory\n");
}

}  // namespace program_test
}  // namespace embark::tools
