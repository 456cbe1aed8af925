#pragma once

#include <filesystem>

#include "../core/safetensors.h"

namespace embark {

class Learner;

/// Copies of what training changes in a Learner, by name: parameters and buffers ("model.…"), the optimizer's state
/// ("optimizer.…") and its hyper-parameters. What Learner::save writes.
class LearnerState {
public:
    explicit LearnerState(Learner& learner);

    /// Throws Error where the file is not sound or holds something else.
    static LearnerState load(const std::filesystem::path& path);
    void save(const std::filesystem::path& path) const;

    /// Puts everything back. Checks all of it first: an Error names every missing, unexpected and wrong-shaped tensor,
    /// and leaves `learner` as it was.
    void restore(Learner& learner) const;

private:
    explicit LearnerState(TensorFile content, std::string source);

    TensorFile content_;
    std::string source_ = "the saved state";  // for messages
};

}  // namespace embark
