#include <torch/torch.h>

#include <embark/callbacks/parallel/data_parallel.h>
#include <embark/learners/learner.h>

#include "fit_results.h"
#include "ranks.h"

// What the processes of dataset_test.cpp do: fits of samples that each process makes its own share of.
namespace embark::testing {
namespace dataset_scenarios {

/// Points with noise, weighted, whose sum is to be found; by number and one after the other.
struct Sums {
    int64_t n = 90;
    int64_t size() const { return n; }
    Sample get(int64_t index, Random& random) const {
        const auto point = torch::randn({3}, random);
        return {.inputs = {point}, .targets = {point.sum(0, true)}, .weight = static_cast<double>(1 + index % 3)};
    }
};

struct EndlessSums {
    int64_t at = 0;
    Sample next(Random& random) { return Sums().get(at++, random); }
};

void fit(const DataLoaders& dls, const std::filesystem::path& folder) {
    set_seed(3);
    Learner learn(dls, torch::nn::Sequential(torch::nn::Linear(3, 8), torch::nn::ReLU(), torch::nn::Linear(8, 1)),
                  {.loss = mse_loss_flat(), .metrics = {rmse()}, .callbacks = {data_parallel()}, .progress = false});
    learn.fit_one_cycle(3, 1e-2);
    write_fit(learn, folder);
}

DatasetOptions options() {
    return {.batch_size = 8,
            .valid_batch_size = 7,
            .drop_last = false,
            .transforms = {[](Sample& sample, Random& random) {
                sample.inputs[0] = sample.inputs[0] + 0.01 * random.uniform();
            }},
            .workers = 2};
}

const RegisterScenario by_number("dataset_by_number", [](const std::filesystem::path& folder) {
    DatasetOptions given = options();
    given.sampler = replacement_sampler(85);
    fit(DataLoaders::from_dataset(Sums(), Sums{20}, given), folder);
});

const RegisterScenario endless("dataset_endless", [](const std::filesystem::path& folder) {
    DatasetOptions given = options();
    given.rows_per_epoch = 90, given.valid_rows_per_epoch = 20;
    fit(DataLoaders::from_dataset(EndlessSums(), EndlessSums(), given), folder);
});

}  // namespace dataset_scenarios
}  // namespace embark::testing
