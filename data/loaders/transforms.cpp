#include "transforms.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "../../core/error.h"
#include "../../core/text.h"

namespace embark {

namespace {

void require_probability(double p) {
    require<UsageError>(p >= 0 && p <= 1, "A transform cannot be applied with probability ", p,
                        "; it must be between 0 and 1");
}

template <class Part>
TransformOf<Part> with_probability(double p, TransformOf<Part> transform) {
    require_probability(p);
    std::string name = concat(transform.name(), " with probability ", p);
    return {std::move(name), [p, transform = std::move(transform)](Part& part, Random& random) {
                if (random.chance(p)) transform(part, random);
            }};
}

std::string listed(const std::vector<double>& numbers) {
    std::vector<std::string> texts;
    for (const double number : numbers) texts.push_back(concat(number));
    return join(texts);
}

at::Tensor& picture(Sample& sample, const char* transform) {
    at::Tensor& input = sample.inputs.front();
    require(input.dim() >= 2, transform, " needs a picture, (…, height, width), and input 0 has shape ", input.sizes());
    return input;
}

}  // namespace

Transform sometimes(double p, Transform transform) {
    return with_probability(p, std::move(transform));
}

BatchTransform sometimes(double p, BatchTransform transform) {
    return with_probability(p, std::move(transform));
}

Transform random_flip(double p) {
    require_probability(p);
    return {concat("random_flip(", p, ")"), [p](Sample& sample, Random& random) {
                at::Tensor& input = picture(sample, "random_flip");
                if (random.chance(p)) input = input.flip(-1);
            }};
}

Transform random_crop(int64_t size, int64_t padding) {
    require<UsageError>(size >= 1 && padding >= 0, "Invalid random_crop of ", size, " pixels with ", padding,
                        " of padding; it needs at least 1 and 0");
    return {concat("random_crop(", size, ", ", padding, ")"), [size, padding](Sample& sample, Random& random) {
                at::Tensor& input = picture(sample, "random_crop");
                if (padding > 0) input = at::constant_pad_nd(input, {padding, padding, padding, padding});
                const int64_t height = input.size(-2), width = input.size(-1);
                require(height >= size && width >= size, "random_crop cannot take ", size, " × ", size,
                        " pixels from a picture of ", height, " × ", width);
                const int64_t top = random.below(height - size + 1), left = random.below(width - size + 1);
                input = input.narrow(-2, top, size).narrow(-1, left, size);
            }};
}

InputTransform resize(int64_t height, int64_t width) {
    require<UsageError>(height >= 1 && width >= 1, "Pictures cannot be resized to ", height, " × ", width, " pixels");
    return {concat("resize(", height, ", ", width, ")"), [height, width](const at::Tensor& input) {
                require(input.dim() == 3 || input.dim() == 4,
                        "resize needs (channels, height, width), and input 0 has "
                        "shape ",
                        input.sizes());
                const bool is_integer = !input.is_floating_point();
                const at::Tensor batch = input.dim() == 3 ? input.unsqueeze(0) : input;
                at::Tensor resized = at::_upsample_bilinear2d_aa(is_integer ? batch.to(at::kFloat) : batch,
                                                                 {height, width}, /*align_corners=*/false);
                if (is_integer) resized = resized.round_().to(input.scalar_type());
                return input.dim() == 3 ? resized.squeeze(0) : resized;
            }};
}

InputTransform normalize(std::vector<double> mean, std::vector<double> std) {
    require<UsageError>(mean.size() == std.size() && !mean.empty(),
                        "normalize needs as many means as deviations, and "
                        "was given ",
                        mean.size(), " and ", std.size());
    require<UsageError>(std::all_of(std.begin(), std.end(), [](double value) { return value > 0; }),
                        "normalize needs deviations above 0");
    const auto n = static_cast<int64_t>(mean.size());
    const at::Tensor shift = at::tensor(mean, at::kFloat).view({n, 1, 1});
    const at::Tensor scale = at::tensor(std, at::kFloat).view({n, 1, 1});
    return {concat("normalize({", listed(mean), "}, {", listed(std), "})"), [=](const at::Tensor& input) {
                require(input.dim() >= 3 && input.size(-3) == n, "normalize was given ", n, n == 1 ? " mean" : " means",
                        ", one for each channel, and input 0 has shape ", input.sizes());
                return (input - shift.to(input.device())) / scale.to(input.device());
            }};
}

}  // namespace embark
