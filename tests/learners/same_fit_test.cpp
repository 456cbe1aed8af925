// What tells a fit from others that its checkpoint must not go on in.
#include <functional>

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/callbacks/gradient_clip.h>
#include <embark/callbacks/mix_up.h>
#include <embark/callbacks/param_scheduler.h>
#include <embark/callbacks/short_epoch.h>
#include <embark/core/error.h>
#include <embark/core/safetensors.h>
#include <embark/learners/learner.h>

#include "test_files.h"

namespace embark {
namespace same_fit_test {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::message_of;
using testing::TemporaryFolder;

/// What a fit is made of.
struct Parts {
    at::Tensor x = at::arange(40, at::kFloat).reshape({20, 2}) / 40, y = x.sum(1, true);
    torch::nn::Sequential model = torch::nn::Sequential(torch::nn::Linear(2, 3), torch::nn::Dropout(0.1),
                                                        torch::nn::Linear(3, 1));
    LearnerOptions options = {.loss = mse_loss_flat(), .metrics = {rmse()}, .progress = false};
    FitOptions fit = {};
};

class SameFit : public ::testing::Test {
protected:
    void SetUp() override { run([](Parts&) {}, /*resume=*/false); }

    void run(const std::function<void(Parts&)>& change, bool resume = true) {
        torch::manual_seed(1);
        Parts parts;
        change(parts);
        const auto dls = DataLoaders::from_tensors({{parts.x.slice(0, 0, 16)}, {parts.y.slice(0, 0, 16)}},
                                                   {{parts.x.slice(0, 16)}, {parts.y.slice(0, 16)}}, {.batch_size = 4});
        Learner learn(dls, parts.model, parts.options);
        parts.fit.checkpoint = {.dir = folder_.path(), .resume = resume};
        learn.fit(2, 0.01, parts.fit);
    }
    std::string refusal(const std::function<void(Parts&)>& change) {
        return message_of<Error>([&] { run(change); });
    }

    TemporaryFolder folder_;
};

TEST_F(SameFit, goes_on) {
    run([](Parts&) {});
}

TEST_F(SameFit, has_the_same_rows) {
    EXPECT_THAT(refusal([](Parts& parts) { parts.x[3][1] += 1; }),
                AllOf(HasSubstr("another content of the training rows (checksum "), HasSubstr(" there, checksum ")));
    EXPECT_THAT(refusal([](Parts& parts) { parts.y[17] += 1; }), HasSubstr("another content of the validation rows"));
    EXPECT_THAT(refusal([](Parts& parts) { parts.x = parts.x.flip({0}), parts.y = parts.y.flip({0}); }),
                HasSubstr("content of the training rows"));
}

TEST_F(SameFit, has_the_same_model_loss_and_metrics) {
    EXPECT_THAT(refusal([](Parts& parts) {
                    parts.model = torch::nn::Sequential(torch::nn::Linear(2, 3), torch::nn::Dropout(0.2),
                                                        torch::nn::Linear(3, 1));
                }),
                HasSubstr("another model (torch::nn::Sequential, parts of checksum "));
    EXPECT_THAT(refusal([](Parts& parts) { parts.options.loss = l1_loss_flat(); }), HasSubstr("another loss ("));
    EXPECT_THAT(refusal([](Parts& parts) { parts.options.metrics = {mae(), rmse()}; }),
                HasSubstr("another list of metrics (rmse there, mae, rmse here)"));
    EXPECT_THAT(refusal([](Parts& parts) { parts.model->parameters().front().set_requires_grad(false); }),
                HasSubstr("another frozen parameters (none there, 0.weight here)"));
    EXPECT_THAT(refusal([](Parts& parts) { parts.fit.callbacks = {mix_up()}; }),
                HasSubstr("another list of callbacks that change the training"));
}

TEST_F(SameFit, has_the_same_settings_of_callbacks_and_loss) {
    EXPECT_THAT(refusal([](Parts& parts) { parts.fit.callbacks = {gradient_clip({.max_norm = 0.5})}; }),
                HasSubstr("another settings of the callback gradient_clip (none there, max_norm 0.5, norm_type 2 here)"));
    TemporaryFolder folder;
    const auto fit = [&](double clip, double threshold, bool resume) {
        torch::manual_seed(1);
        Parts parts;
        parts.options.loss = bce_with_logits_loss_flat({.pos_weight = {threshold}});
        parts.y = parts.y.clamp(0, 1);
        parts.fit.callbacks = {gradient_clip({.max_norm = clip}), short_epoch({.pct = 0.5})};
        const auto dls = DataLoaders::from_tensors({{parts.x}, {parts.y}}, {.batch_size = 4});
        parts.fit.checkpoint = {.dir = folder.path(), .resume = resume};
        Learner(dls, parts.model, parts.options).fit(2, 0.01, parts.fit);
    };
    fit(1, 2, false);
    fit(1, 2, true);
    EXPECT_THAT(message_of<Error>([&] { fit(2, 2, true); }), HasSubstr("max_norm 1, norm_type 2 there, max_norm 2"));
    EXPECT_THAT(message_of<Error>([&] { fit(1, 3, true); }),
                HasSubstr("another settings of the loss (pos_weight of the bce_with_logits loss 2, thresh 0.5 there"));
}

TEST_F(SameFit, has_the_same_schedules_of_one_s_own) {
    const auto scheduled = [](double at) {
        return [at](Parts& parts) {
            parts.fit.callbacks = {param_scheduler({{"lr", [at](double p) { return p < at ? 0.01 : 0.001; }}})};
        };
    };
    EXPECT_THAT(refusal(scheduled(0.5)), HasSubstr("schedule of lr, batch by batch (none there, checksum"));
    run(scheduled(0.5), /*resume=*/false);
    run(scheduled(0.5));
    EXPECT_THAT(refusal(scheduled(0.76)), HasSubstr("another schedule of lr, batch by batch (checksum"));
}

TEST_F(SameFit, may_begin_with_other_weights_and_threads) {
    const int threads = at::get_num_threads();
    at::set_num_threads(threads + 1);
    run([](Parts& parts) {
        const torch::NoGradGuard no_grad;
        parts.model->parameters().front().zero_();
    });
    at::set_num_threads(threads);
}

TEST_F(SameFit, of_an_earlier_version_is_told_by_what_that_noted) {
    const auto path = checkpoint_path(folder_.path());
    TensorFile content = load_safetensors(path);
    const auto drop = [](auto& values) {
        std::erase_if(values, [](const auto& item) {
            const std::string& name = item.first;
            return name == "fit.settings.format of what is compared" || name.starts_with("fit.start.") ||
                   name.starts_with("fit.settings.content") || name.starts_with("fit.settings.model") ||
                   name.starts_with("fit.settings.loss");
        });
    };
    drop(content.tensors);
    drop(content.metadata);
    save_safetensors(path, content);
    run([](Parts& parts) { parts.x[3][1] += 1; });
    EXPECT_THAT(refusal([](Parts& parts) { parts.x = parts.x.slice(0, 0, 18), parts.y = parts.y.slice(0, 0, 18); }),
                HasSubstr("number of validation rows (4 there, 2 here)"));
}

}  // namespace same_fit_test
}  // namespace embark
