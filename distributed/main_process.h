#pragma once

#include <functional>

#include "../core/safetensors.h"

namespace embark {

class ProcessGroup;

/// What `read` gives the process that leads, in every process; just that of `read` where `processes` is null. What it
/// throws ends all of them with one message.
TensorFile read_by_main_process(ProcessGroup* processes, const std::function<TensorFile()>& read);

/// Lets the process that leads write, while the others wait; just that where `processes` is null. What it throws ends
/// all of them with one message.
void write_by_main_process(ProcessGroup* processes, const std::function<void()>& write);

/// Lets every process do its part of `work`; just that where `processes` is null. What it throws in any of them ends
/// all with one message.
void run_in_all(ProcessGroup* processes, const std::function<void()>& work);

/// Rank 0's content in every process: tensors on the CPU.
TensorFile broadcast(ProcessGroup& processes, const TensorFile& content);

}  // namespace embark
