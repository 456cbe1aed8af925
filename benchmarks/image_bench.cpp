#include "image_bench.h"

#include <torch/types.h>

#include <embark/data/images/image_dataset.h>
#include <embark/data/loaders/dataloaders.h>

namespace embark::bench {

nlohmann::json image_loading(const Options& options) {
    constexpr int64_t kSide = 224, kPasses = 4;
    const auto pictures = ImageDataset::from_folder(options.data, {.image = {.height = kSide, .width = kSide}});
    const auto dls =
        DataLoaders::from_dataset(pictures, pictures, {.batch_size = 64, .drop_last = false, .workers = 2});
    std::vector<double> seconds;
    double sum = 0;
    for (int64_t pass = 0; pass < kPasses; ++pass) {
        sum = 0;
        seconds.push_back(time_of([&] {
                              for (const Batch& batch : dls.train().epoch(pass)) {
                                  sum += batch.inputs[0].mean().item<double>() * static_cast<double>(batch.size());
                              }
                          }).wall);
    }
    return {{"pass_seconds", seconds},
            {"pictures", pictures.size()},
            {"mean", sum / static_cast<double>(pictures.size())}};
}

}  // namespace embark::bench
