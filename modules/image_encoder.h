#pragma once

#include <vector>

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/pimpl.h>

#include "../core/tensors.h"

namespace embark {

/// Sizes of an ImageEncoder.
struct ImageEncoderOptions {
    int64_t channels = 3;  ///< of the images: 3 for colours, 1 for grey
    /// Channels after each convolution.
    std::vector<int64_t> layers = {16, 32, 64};
};

/// Images as rows of numbers: (n, channels, height, width) to (n, width()). A small convolutional network: for each
/// layer a 3×3 convolution that halves both sides, batch norm and ReLU; at the end the mean over what is left of the
/// image. Images may be of any size, all of a batch of the same.
///
/// Parameters: `layers.0.weight` (a convolution without bias), `layers.1.weight` and `.bias` (its batch norm), and so
/// on with layers.3, layers.6, …
class ImageEncoderImpl : public torch::nn::Cloneable<ImageEncoderImpl> {
public:
    /// Throws UsageError for channels or layers that cannot be.
    explicit ImageEncoderImpl(const ImageEncoderOptions& options = {});
    void reset() override;
    /// Rows of numbers (n, width()) for images (n, channels, height, width).
    at::Tensor forward(const at::Tensor& images);

    /// The number of values that each image becomes: the channels of the last layer.
    int64_t width() const;

    ImageEncoderOptions options;            ///< what it was made with
    torch::nn::Sequential layers{nullptr};  ///< convolution, batch norm and ReLU of each layer
};
TORCH_MODULE(ImageEncoder);

}  // namespace embark
