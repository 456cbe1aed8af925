#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "batch.h"
#include "dataset.h"

namespace embark {

/// What is done to the first input, in whichever way it comes: resize() and normalize() are for samples and batches.
struct InputTransform {
    std::string name;                                 ///< its name, by which a fit that is resumed knows it
    std::function<at::Tensor(const at::Tensor&)> of;  ///< the first input to what comes in its place
};

/// What is done to a sample or a batch: a function that puts other tensors in the place of its tensors, and does not
/// write into these, which may be the data set's own. One that draws at random, `[](Sample& sample, Random& random)`,
/// is for training alone; one that does not, `[](Sample& sample)`, for validation too. Called from several threads at
/// once.
template <class Part>
class TransformOf {
public:
    /// A transform that is called "own".
    template <class Function>
        requires std::is_invocable_v<const Function&, Part&> || std::is_invocable_v<const Function&, Part&, Random&>
    TransformOf(Function function) : TransformOf("own", std::move(function)) {}  // NOLINT(google-explicit-constructor)

    /// A fit is resumed with transforms of the same names alone.
    template <class Function>
        requires std::is_invocable_v<const Function&, Part&> || std::is_invocable_v<const Function&, Part&, Random&>
    TransformOf(std::string name, Function function)
        : name_(std::move(name)), is_random_(!std::is_invocable_v<const Function&, Part&>) {
        if constexpr (std::is_invocable_v<const Function&, Part&>) {
            function_ = [function = std::move(function)](Part& part, Random&) { function(part); };
        } else {
            function_ = std::move(function);
        }
    }

    /// One of the first input alone, with its name.
    TransformOf(InputTransform input)  // NOLINT(google-explicit-constructor)
        : TransformOf(std::move(input.name),
                      [of = std::move(input.of)](Part& part) { part.inputs.front() = of(part.inputs.front()); }) {}

    /// The name that a fit is resumed with.
    const std::string& name() const { return name_; }
    /// Whether it draws at random, so that it is done in training alone.
    bool is_random() const { return is_random_; }
    /// Does it to `part`; what is drawn at random comes from `random`.
    void operator()(Part& part, Random& random) const { function_(part, random); }

private:
    std::string name_;
    bool is_random_;
    std::function<void(Part&, Random&)> function_;
};

/// What is done to a sample as it is read, by the workers.
using Transform = TransformOf<Sample>;
/// What is done to a batch, on its device.
using BatchTransform = TransformOf<Batch>;

/// `transform` with probability `p`, so in training alone. Throws UsageError unless 0 <= p <= 1.
Transform sometimes(double p, Transform transform);
/// A batch's `transform` with probability `p`; see the one of samples.
BatchTransform sometimes(double p, BatchTransform transform);

// Of pictures, the first input of a sample: (channels, height, width), or any (…, height, width).

/// Mirrored, left to right, with probability `p`.
Transform random_flip(double p = 0.5);

/// A square of `size` pixels from anywhere in the picture, which has `padding` pixels of 0 around it. The transform
/// throws Error for a picture that is smaller.
Transform random_crop(int64_t size, int64_t padding = 0);

/// Bilinear with antialiasing; integers are rounded. Of (channels, height, width), or a batch of such.
InputTransform resize(int64_t height, int64_t width);

/// (x − mean) / std, a number for each channel.
InputTransform normalize(std::vector<double> mean, std::vector<double> std);

}  // namespace embark
