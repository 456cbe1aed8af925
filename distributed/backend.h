#pragma once

#include <chrono>
#include <string>

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "process_group_options.h"

namespace embark {

/// LibTorch's process group on Gloo, connected to all peers. Throws Error where this build has none.
c10::intrusive_ptr<c10d::Backend> make_backend(const c10::intrusive_ptr<c10d::Store>& store,
                                               const ProcessGroupOptions& options);

}  // namespace embark
