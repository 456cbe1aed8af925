#pragma once

#include <string>

#include <c10/core/Device.h>

namespace embark {

/// Where batches are put and models trained unless a DataLoader is told otherwise: on the CUDA device of this process,
/// where there is one, else on the CPU. Of several processes on one machine each has the device of its LOCAL_RANK, as
/// torchrun sets it, from the first again where there are fewer devices. fastai's default_device.
at::Device default_device();

/// Takes `device` in its place. Throws UsageError for one that require_device refuses.
void set_default_device(at::Device device);

/// Throws UsageError for a CUDA device that is not there, and says which are.
void require_device(at::Device device);

/// "cpu", "cuda", which is this process's, or "cuda:1" as a device. Throws UsageError for any other text, and for a
/// device that is not there.
at::Device parse_device(const std::string& name);

}  // namespace embark
