#include "fit_results.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/core/state_dict.h>
#include <embark/distributed/process_group.h>
#include <embark/learners/learner.h>

namespace embark::testing {

int64_t world_size() {
    const auto group = ProcessGroup::from_environment();
    return group ? group->size() : 1;
}

void write_fit(Learner& learn, const std::filesystem::path& folder, const std::string& name) {
    StateDict result;
    for (const auto& item : learn.model().module().named_parameters()) result.set("model." + item.key(), item.value());
    for (const auto& item : learn.model().module().named_buffers()) result.set("model." + item.key(), item.value());
    for (const auto& [key, tensor] : learn.optimizer().state()) result.set("optimizer." + key, tensor);
    const Records& records = learn.records();
    result.set("losses", records.losses);
    for (const auto& row : records.epochs) {
        std::vector<double> figures = {row.train_loss, row.valid_loss};
        figures.insert(figures.end(), row.metrics.begin(), row.metrics.end());
        result.set(concat("epoch.", row.epoch), figures);
    }
    if (const auto group = ProcessGroup::from_environment()) {
        for (const auto& [key, tensor] : result.content().tensors) {
            const auto values = tensor.contiguous().view(-1);
            const auto bytes = std::string(static_cast<const char*>(values.const_data_ptr()), values.nbytes());
            for (const auto& other : group->all_gather(bytes)) require(other == bytes, key, " differs between ranks");
        }
    }
    if (learn.is_main_process()) {
        const auto file = name.empty() ? concat(world_size(), ".safetensors") : name;
        save_safetensors(folder / file, result.content());
    }
}

FitResult read_fit(const std::filesystem::path& folder, const std::string& name) {
    return load_safetensors(folder / (name + ".safetensors")).tensors;
}

void expect_alike(const FitResult& one, const FitResult& other, double tolerance) {
    ASSERT_EQ(one.size(), other.size());
    for (const auto& [name, tensor] : one) {
        ASSERT_TRUE(other.contains(name)) << name;
        ASSERT_EQ(other.at(name).sizes(), tensor.sizes()) << name;
        EXPECT_TRUE(other.at(name).allclose(tensor, 0, tolerance, /*equal_nan=*/true))
            << name << " differs by up to " << (other.at(name) - tensor).abs().max().item<double>();
    }
}

}  // namespace embark::testing
