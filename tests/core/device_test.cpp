#include <embark/core/device.h>
#include <embark/core/error.h>
#include <embark/core/tensors.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/torch.h>

#include "test_files.h"

namespace embark {
namespace device_test {

using ::testing::HasSubstr;
using testing::message_of;

TEST(Device, by_default_is_the_cpu_where_there_is_no_other) {
    if (torch::cuda::device_count() > 0) GTEST_SKIP() << "this machine has a CUDA device";
    EXPECT_EQ(default_device(), at::Device(at::kCPU));
    EXPECT_EQ(message_of<UsageError>([] { set_default_device(at::Device(at::kCUDA, 0)); }),
              "There is no device cuda:0: this machine has no CUDA device, or this LibTorch is built without CUDA; use "
              "cpu");
    EXPECT_EQ(default_device(), at::Device(at::kCPU));
}

TEST(Device, has_a_name) {
    EXPECT_EQ(parse_device("cpu"), at::Device(at::kCPU));
    for (const char* name : {"", "gpu", "CUDA", "cuda:", "cuda:x", "cuda:-1", "cuda:1.5", "cuda:1000", "cpu:0"}) {
        EXPECT_EQ(message_of<UsageError>([&] { parse_device(name); }),
                  "Unknown device: '" + std::string(name) + "'; use cpu, cuda or cuda:N");
    }
    EXPECT_THAT(message_of<UsageError>([] { parse_device("cuda:127"); }), HasSubstr("There is no device cuda:127"));
    EXPECT_THAT(message_of<UsageError>([] { parse_device("cuda:128"); }), HasSubstr("There is no device cuda:128"));
}

TEST(RngState, comes_back) {
    torch::manual_seed(5);
    const at::Tensor before = rng_state();
    const at::Tensor drawn = torch::rand({10});
    set_rng_state(before);
    EXPECT_TRUE(torch::rand({10}).equal(drawn));
    // Of a machine with a device that this one lacks.
    set_rng_state(torch::cat({before, torch::zeros({16}, at::kByte)}));
    EXPECT_TRUE(torch::rand({10}).equal(drawn));
    EXPECT_ANY_THROW(set_rng_state(before.slice(0, 0, 100)));
}

}  // namespace device_test
}  // namespace embark
