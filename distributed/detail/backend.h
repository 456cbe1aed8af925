#pragma once

#include <chrono>
#include <string>

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "../process_group_options.h"

namespace embark {

/// Throws Error where this build cannot exchange anything, so that nobody waits for others first.
void require_backend();

/// LibTorch's process group on Gloo, connected to all peers. As require_backend().
c10::intrusive_ptr<c10d::Backend> make_backend(const c10::intrusive_ptr<c10d::Store>& store,
                                               const ProcessGroupOptions& options);

}  // namespace embark
