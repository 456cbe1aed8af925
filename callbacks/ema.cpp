#include "ema.h"

#include <algorithm>

#include "../core/error.h"

namespace embark {

ExponentialMovingAverage::ExponentialMovingAverage(EmaOptions options) : options_(options) {
    require<UsageError>(options.decay >= 0 && options.decay < 1, "Invalid decay ", options.decay,
                        " of a moving average: it must be at least 0 and below 1");
}

std::string ExponentialMovingAverage::settings() const {
    return concat("decay ", options_.decay, options_.warmup ? ", warmup" : "");
}

void ExponentialMovingAverage::after_step(TrainingState&) {
    const auto t = static_cast<double>(updates());
    const double decay = options_.warmup ? std::min(options_.decay, (1 + t) / (10 + t)) : options_.decay;
    update(1 - decay, Averaged::parameters_and_buffers);
}

std::shared_ptr<ExponentialMovingAverage> ema(EmaOptions options) {
    return std::make_shared<ExponentialMovingAverage>(options);
}

}  // namespace embark
