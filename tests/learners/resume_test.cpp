#include <embark/callbacks/bn_freeze.h>
#include <embark/callbacks/checkpoint/detail/checkpointer.h>
#include <embark/callbacks/checkpoint/save_model.h>
#include <embark/callbacks/early_stopping.h>
#include <embark/callbacks/ema.h>
#include <embark/callbacks/gradient_accumulation.h>
#include <embark/callbacks/gradient_clip.h>
#include <embark/callbacks/mc_dropout.h>
#include <embark/callbacks/mix_up.h>
#include <embark/callbacks/mixed_precision.h>
#include <embark/callbacks/reduce_lr_on_plateau.h>
#include <embark/callbacks/reporting/csv_logger.h>
#include <embark/callbacks/reporting/event_timer.h>
#include <embark/callbacks/short_epoch.h>
#include <embark/callbacks/swa.h>
#include <embark/callbacks/terminate_on_nan.h>
#include <embark/callbacks/training_state.h>
#include <embark/learners/learner.h>

#include <bit>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/core/file.h>
#include <embark/core/text.h>
#include <embark/optim/model_state.h>

#include "test_files.h"

namespace embark {
namespace resume_test {

using testing::TemporaryFolder;
using Callbacks = std::vector<std::shared_ptr<Callback>>;

constexpr int64_t kEpochs = 3;
/// Four training batches and two validation batches an epoch.
constexpr int64_t kBatches = kEpochs * (4 + 2);

/// A kind of fit, whose callbacks write their files in `folder`.
struct Case {
    std::string name;
    std::function<Callbacks(const std::filesystem::path& folder)> callbacks;
    bool one_cycle = false;
    bool classes = false;
    bool has_valid = true;
};

Learner dropout_learner(const Case& of, Callbacks callbacks) {
    set_seed(11);
    const auto x = torch::randn({24, 3});
    const auto y = of.classes ? (x.select(1, 0) > 0).to(at::kLong) : x.sum(1, true) + torch::randn({24, 1});
    const TensorDataset train{.inputs = {x.narrow(0, 0, 16)}, .targets = {y.narrow(0, 0, 16)}};
    const TensorDataset valid{.inputs = {x.narrow(0, 16, 8)}, .targets = {y.narrow(0, 16, 8)}};
    const DataLoadersOptions options{.batch_size = 4, .valid_batch_size = 4};
    const DataLoader alone(train, {.batch_size = 4, .shuffle = true});
    const auto dls = of.has_valid ? DataLoaders::from_tensors(train, valid, options) : DataLoaders(alone, std::nullopt);
    const torch::nn::Sequential model(torch::nn::Linear(3, 6), torch::nn::BatchNorm1d(6), torch::nn::Dropout(0.4),
                                      torch::nn::Linear(6, of.classes ? 2 : 1));
    LearnerOptions learner{.loss = of.classes ? cross_entropy_loss_flat() : mse_loss_flat(),
                           .callbacks = std::move(callbacks),
                           .param_groups = {{"0", "1"}, {"3"}},
                           .progress = false};
    if (of.has_valid && !of.classes) learner.metrics = {rmse()};
    return Learner(dls, model, learner);
}

/// Ends a fit from outside after some batches, of training and validation: asks it to stop, or throws.
class Interruption : public Callback {
public:
    enum class How { stop, crash };
    Interruption(int64_t after, How how = How::stop) : left_(after), how_(how) {}
    int order() const override { return 99; }
    void after_batch(TrainingState&) override {
        if (--left_ != 0) return;
        if (how_ == How::crash) fail("the power went out");
        source_.request_stop();
    }
    std::stop_token token() const { return source_.get_token(); }

private:
    int64_t left_;
    How how_;
    std::stop_source source_;
};

/// All that a fit leaves behind, as text and tensors to compare: model, optimizer, records and written files.
struct Outcome {
    std::map<std::string, at::Tensor> tensors;
    std::map<std::string, std::string> texts;
};

/// The bits of the numbers, so that NaN equals itself.
at::Tensor bits(const std::vector<double>& numbers) {
    return torch::tensor(numbers, at::kDouble).view(at::kLong);
}

/// A log without its last column, the time.
std::string without_time(const std::string& csv) {
    std::string text;
    for (size_t begin = 0; begin < csv.size();) {
        const size_t end = csv.find('\n', begin);
        const std::string line = csv.substr(begin, end - begin);
        text += line.substr(0, line.rfind(',')) + "\n";
        begin = end + 1;
    }
    return text;
}

Outcome outcome_of(Learner& learn, const std::filesystem::path& folder) {
    Outcome outcome;
    const auto state = ModelState(learn.model().module(), learn.optimizer()).content();
    outcome.tensors = state.tensors;
    outcome.texts = state.metadata;
    const Records& records = learn.records();
    outcome.tensors["losses"] = bits(records.losses);
    outcome.tensors["smooth_losses"] = bits(records.smooth_losses);
    for (const auto& [name, values] : records.hypers) outcome.tensors["hyper." + name] = bits(values);
    for (const auto& row : records.epochs) {
        std::vector<double> values = {static_cast<double>(row.epoch), row.train_loss, row.valid_loss};
        values.insert(values.end(), row.metrics.begin(), row.metrics.end());
        outcome.tensors[concat("epoch ", row.epoch)] = bits(values);
    }
    outcome.texts["stop_reason"] = learn.stop_reason();
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const auto content = read_file(entry.path());
        outcome.texts[entry.path().filename()] = entry.path().extension() == ".csv" ? without_time(content) : content;
    }
    return outcome;
}

void expect_equal(const Outcome& found, const Outcome& expected, const std::string& where) {
    EXPECT_EQ(found.tensors.size(), expected.tensors.size()) << where;
    for (const auto& [name, tensor] : expected.tensors) {
        ASSERT_TRUE(found.tensors.contains(name)) << name << where;
        EXPECT_TRUE(found.tensors.at(name).equal(tensor)) << name << where;
    }
    EXPECT_EQ(found.texts, expected.texts) << where;
}

/// A fit of `of` in which checkpoints are written to `folder`/checkpoints and files to `folder`/files.
struct Fitting {
    explicit Fitting(const Case& of) : kind(of) { std::filesystem::create_directory(files()); }
    std::filesystem::path files() const { return folder.path() / "files"; }

    /// The fit up to `interruption`, or to its end, from the checkpoint that is there.
    Outcome go(const std::shared_ptr<Interruption>& interruption = nullptr, int64_t every = 0) const {
        auto learn = dropout_learner(kind, kind.callbacks(files()));
        Callbacks callbacks;
        if (interruption) callbacks.push_back(interruption);
        const auto stop = interruption ? interruption->token() : std::stop_token();
        const CheckpointOptions checkpoint{.dir = folder.path() / "checkpoints", .every = every, .resume = true};
        try {
            if (kind.one_cycle) {
                learn.fit_one_cycle(kEpochs, slice(1e-2, 5e-2),
                                    {.callbacks = callbacks, .stop = stop, .checkpoint = checkpoint});
            } else {
                learn.fit(kEpochs, slice(1e-2, 5e-2), {.callbacks = callbacks, .stop = stop, .checkpoint = checkpoint});
            }
        } catch (const Error& error) {
            EXPECT_STREQ(error.what(), "the power went out");
        }
        return outcome_of(learn, files());
    }

    const Case& kind;
    TemporaryFolder folder;
};

/// Does not train the norm layer of dropout_learner().
struct FrozenNorm : Callback {
    void before_fit(TrainingState& state) override {
        for (auto& item : state.model->named_parameters()) {
            if (item.key().starts_with("1.")) item.value().requires_grad_(false);
        }
    }
};

template <class Made, class... Options>
Callbacks one(const Options&... options) {
    return {std::make_shared<Made>(options...)};
}

Callbacks joined(std::initializer_list<Callbacks> lists) {
    Callbacks all;
    for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
    return all;
}

/// Every callback, each so that it does something within these few batches, and some together.
std::vector<Case> cases() {
    using Folder = const std::filesystem::path&;
    const auto accumulate = [] { return one<GradientAccumulation>(GradientAccumulationOptions{.n_acc = 12}); };
    const auto clip = [] { return one<GradientClip>(GradientClipOptions{.max_norm = 0.5}); };
    const auto save = [](Folder folder) {
        return one<SaveModel>(SaveModelOptions{.path = folder / "best.safetensors", .with_opt = true});
    };
    const auto stop = [] { return one<EarlyStopping>(EarlyStoppingOptions{.min_delta = 1e9, .patience = 2}); };
    const auto reduce = [] { return one<ReduceLROnPlateau>(ReduceLROnPlateauOptions{.min_delta = 0.2}); };
    const auto log = [](Folder folder) { return one<CSVLogger>(CSVLoggerOptions{.path = folder / "history.csv"}); };
    // Overflows in the first step or two, and grows again every third.
    const auto fp16 = [] {
        return one<MixedPrecision>(MixedPrecisionOptions{.init_scale = 1 << 17, .growth_interval = 3});
    };
    return {
        {.name = "no callback, one-cycle", .callbacks = [](Folder) { return Callbacks(); }, .one_cycle = true},
        {.name = "no validation", .callbacks = [](Folder) { return Callbacks(); }, .has_valid = false},
        {.name = "accumulation", .callbacks = [=](Folder) { return accumulate(); }, .one_cycle = true},
        {.name = "clip", .callbacks = [=](Folder) { return clip(); }},
        {.name = "early stopping",
         .callbacks = [](Folder) { return one<EarlyStopping>(EarlyStoppingOptions{.min_delta = 1e9}); }},
        {.name = "reduce on plateau", .callbacks = [=](Folder) { return reduce(); }},
        {.name = "save the best", .callbacks = [=](Folder folder) { return save(folder); }},
        {.name = "save the last",
         .callbacks =
             [](Folder folder) {
                 return one<SaveModel>(SaveModelOptions{.path = folder / "last.safetensors", .at_end = true});
             }},
        {.name = "save every epoch",
         .callbacks =
             [](Folder folder) {
                 return one<SaveModel>(SaveModelOptions{.path = folder / "m.safetensors", .every_epoch = 2});
             }},
        {.name = "terminate on NaN", .callbacks = [](Folder) { return one<TerminateOnNaN>(); }},
        {.name = "short epochs", .callbacks = [](Folder) { return one<ShortEpoch>(ShortEpochOptions{.pct = 0.4}); }},
        {.name = "moving average", .callbacks = [](Folder) { return one<ExponentialMovingAverage>(); }},
        {.name = "moving average, saved",
         .callbacks =
             [save](Folder folder) {
                 return joined({one<ExponentialMovingAverage>(), save(folder)});
             },
         .one_cycle = true},
        {.name = "moving average without validation",
         .callbacks = [](Folder) { return one<ExponentialMovingAverage>(); },
         .has_valid = false},
        {.name = "mean of the last epochs",
         .callbacks = [](Folder) { return one<StochasticWeightAveraging>(SwaOptions{.start_epoch = 1}); }},
        {.name = "mean of the last epochs, saved",
         .callbacks =
             [save](Folder folder) {
                 return joined({one<StochasticWeightAveraging>(SwaOptions{.start_epoch = 1}), save(folder)});
             },
         .one_cycle = true},
        {.name = "frozen batch norm",
         .callbacks =
             [](Folder) {
                 return Callbacks{bn_freeze(), std::make_shared<FrozenNorm>()};
             }},
        {.name = "mix-up", .callbacks = [](Folder) { return one<MixUp>(); }, .one_cycle = true},
        {.name = "mix-up of classes", .callbacks = [](Folder) { return one<MixUp>(); }, .classes = true},
        {.name = "bf16",
         .callbacks = [](Folder) { return one<MixedPrecision>(MixedPrecisionOptions{.amp_mode = AmpMode::bf16}); }},
        {.name = "fp16", .callbacks = [=](Folder) { return fp16(); }},
        {.name = "Monte Carlo dropout", .callbacks = [](Folder) { return one<MCDropout>(); }},
        {.name = "log", .callbacks = [=](Folder folder) { return log(folder); }},
        {.name = "timer", .callbacks = [](Folder) { return EventTimer().callbacks(); }},
        {.name = "accumulation, clip, best, early stopping, plateau",
         .callbacks =
             [=](Folder folder) {
                 return joined({accumulate(), clip(), save(folder), stop(), reduce()});
             }},
        {.name = "everything",
         .callbacks =
             [=](Folder folder) {
                 return joined({accumulate(), clip(), save(folder), stop(), reduce(), log(folder), fp16(), one<MixUp>(),
                                one<MCDropout>(), one<TerminateOnNaN>(), EventTimer().callbacks()});
             }},
    };
}

class Resume : public ::testing::TestWithParam<Case> {};

TEST_P(Resume, a_fit_stopped_after_any_batch_ends_as_the_undisturbed_one) {
    const Outcome expected = Fitting(GetParam()).go();
    for (int64_t after = 1; after <= kBatches; ++after) {
        const Fitting run(GetParam());
        run.go(std::make_shared<Interruption>(after));
        expect_equal(run.go(), expected, concat(", stopped after batch ", after));
        if (HasFailure()) return;
    }
}

TEST_P(Resume, a_fit_that_crashed_goes_on_from_its_last_checkpoint) {
    const Outcome expected = Fitting(GetParam()).go();
    for (int64_t after = 1; after <= kBatches; after += 4) {
        const Fitting run(GetParam());
        run.go(std::make_shared<Interruption>(after, Interruption::How::crash), /*every=*/3);
        expect_equal(run.go(nullptr, 3), expected, concat(", crashed after batch ", after));
        if (HasFailure()) return;
    }
}

TEST_P(Resume, a_fit_stopped_again_and_again_ends_as_the_undisturbed_one) {
    const Outcome expected = Fitting(GetParam()).go();
    const Fitting run(GetParam());
    // Validation is done again from its start: with its two batches there is something new in every three.
    for (int64_t i = 0; i < kBatches / 2; ++i) run.go(std::make_shared<Interruption>(3));
    expect_equal(run.go(), expected, "");
}

INSTANTIATE_TEST_SUITE_P(OfEveryCallback, Resume, ::testing::ValuesIn(cases()), [](const auto& info) {
    std::string name;
    for (const char c : info.param.name) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
    return name;
});

TEST(ResumeFineTune, files_of_its_two_fits_stay_those_of_the_undisturbed_ones) {
    const auto fine_tune = [](const std::filesystem::path& folder, bool append,
                              const std::shared_ptr<Interruption>& interruption = nullptr) {
        const auto files = folder / "files";
        std::filesystem::create_directory(files);
        const Case plain{.name = "plain", .callbacks = {}};
        auto learn = dropout_learner(
            plain, {std::make_shared<CSVLogger>(CSVLoggerOptions{.path = files / "history.csv", .append = append}),
                    std::make_shared<SaveModel>(SaveModelOptions{.path = files / "best.safetensors"}),
                    std::make_shared<GradientAccumulation>(GradientAccumulationOptions{.n_acc = 8})});
        FitOptions options{.checkpoint = {.dir = folder / "checkpoints", .resume = true}};
        std::filesystem::create_directory(options.checkpoint.dir);
        if (interruption) {
            options.callbacks = {interruption};
            options.stop = interruption->token();
        }
        learn.fine_tune(2, 1e-2, options);
        return outcome_of(learn, files);
    };
    for (const bool append : {false, true}) {
        const TemporaryFolder undisturbed;
        const Outcome expected = fine_tune(undisturbed.path(), append);
        for (int64_t after = 1; after <= 3 * (4 + 2); ++after) {
            const TemporaryFolder folder;
            fine_tune(folder.path(), append, std::make_shared<Interruption>(after));
            expect_equal(fine_tune(folder.path(), append), expected, concat(", stopped after batch ", after));
        }
    }
}

TEST(ResumeTwice, in_the_same_validation) {
    const Case plain{.name = "plain", .callbacks = [](const auto&) { return Callbacks(); }};
    const Outcome expected = Fitting(plain).go();
    const Fitting run(plain);
    run.go(std::make_shared<Interruption>(5));  // the first batch of the first validation
    for (int i = 0; i < 3; ++i) run.go(std::make_shared<Interruption>(1));
    expect_equal(run.go(), expected, "");
}

TEST(ResumeLeft, an_epoch_that_a_callback_left_is_not_taken_for_the_next_one) {
    struct Leave : Callback {
        void after_batch(TrainingState& state) override {
            if (state.training && state.iteration == 2) state.cancel(Level::epoch);
        }
    };
    const Case leaving{.name = "leave", .callbacks = [](const auto&) { return one<Leave>(); }};
    const Outcome expected = Fitting(leaving).go();
    for (int64_t after = 1; after <= kEpochs * 3; ++after) {
        const Fitting run(leaving);
        run.go(std::make_shared<Interruption>(after));
        expect_equal(run.go(), expected, concat(", stopped after batch ", after));
    }
}

}  // namespace resume_test
}  // namespace embark
