#include "image_encoder.h"

#include <algorithm>

#include <torch/torch.h>

#include "../core/error.h"

namespace embark {

ImageEncoderImpl::ImageEncoderImpl(const ImageEncoderOptions& options_) : options(options_) {
    require<UsageError>(options.channels >= 1, "Invalid number of channels ", options.channels,
                        ": at least 1 is needed");
    const bool valid = std::all_of(options.layers.begin(), options.layers.end(), [](int64_t n) { return n >= 1; });
    require<UsageError>(!options.layers.empty() && valid,
                        "Invalid layers of an ImageEncoder: there must be one at least, each of at least 1 channel");
    reset();
}

void ImageEncoderImpl::reset() {
    namespace nn = torch::nn;
    layers = register_module("layers", nn::Sequential());
    int64_t channels = options.channels;
    for (const int64_t next : options.layers) {
        layers->push_back(nn::Conv2d(nn::Conv2dOptions(channels, next, 3).stride(2).padding(1).bias(false)));
        layers->push_back(nn::BatchNorm2d(next));
        layers->push_back(nn::ReLU());
        channels = next;
    }
}

at::Tensor ImageEncoderImpl::forward(const at::Tensor& images) {
    require(images.dim() == 4 && images.size(1) == options.channels, "An ImageEncoder takes images as (n, ",
            options.channels, ", height, width), not a tensor of shape ", images.sizes());
    return layers->forward(images).mean({2, 3});
}

int64_t ImageEncoderImpl::width() const {
    return options.layers.back();
}

}  // namespace embark
