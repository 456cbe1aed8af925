#include "device.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <limits>

#include <torch/cuda.h>

#include "error.h"
#include "text.h"

namespace embark {

namespace {

int n_cuda_devices() {
    static const auto count = static_cast<int>(torch::cuda::device_count());
    return count;
}

/// The CUDA device of this process, whether it is there or not.
at::Device own_cuda_device() {
    const char* text = std::getenv("LOCAL_RANK");
    const auto local_rank = text == nullptr ? 0 : parse_int(text).value_or(-1);
    require<UsageError>(local_rank >= 0, "Invalid LOCAL_RANK '", text == nullptr ? "" : text,
                        "' in the environment: it must be an integer of at least 0");
    return {at::kCUDA, static_cast<at::DeviceIndex>(local_rank % std::max(n_cuda_devices(), 1))};
}

std::atomic<at::Device>& chosen() {
    static std::atomic<at::Device> device = n_cuda_devices() > 0 ? own_cuda_device() : at::Device(at::kCPU);
    return device;
}

}  // namespace

at::Device default_device() {
    return chosen();
}

void set_default_device(at::Device device) {
    require_device(device);
    chosen() = device;
}

void require_device(at::Device device) {
    if (!device.is_cuda() || (n_cuda_devices() > 0 && device.index() < n_cuda_devices())) return;
    require<UsageError>(n_cuda_devices() > 0, "There is no device ", device.str(),
                        ": this machine has no CUDA device, or this LibTorch is built without CUDA; use cpu");
    fail<UsageError>("There is no device ", device.str(), ": this machine has ", n_cuda_devices(),
                     n_cuda_devices() == 1 ? " CUDA device" : " CUDA devices", ", counted from 0");
}

at::Device parse_device(const std::string& name) {
    const auto is_index = [](const std::string& text) {
        return !text.empty() && text.size() < 4 && text.find_first_not_of("0123456789") == std::string::npos;
    };
    const bool is_cuda = name == "cuda" || (name.starts_with("cuda:") && is_index(name.substr(5)));
    require<UsageError>(name == "cpu" || is_cuda, "Unknown device: '", name, "'; use cpu, cuda or cuda:N");
    at::Device device(at::kCPU);
    if (name == "cuda") {
        device = own_cuda_device();
    } else if (is_cuda) {
        const int index = std::stoi(name.substr(5));
        require<UsageError>(index <= std::numeric_limits<at::DeviceIndex>::max(), "There is no device ", name);
        device = {at::kCUDA, static_cast<at::DeviceIndex>(index)};
    }
    require_device(device);
    return device;
}

}  // namespace embark
