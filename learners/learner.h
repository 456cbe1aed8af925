#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../callbacks/callback.h"
#include "../callbacks/reporting/records.h"
#include "../data/loaders/dataloaders.h"
#include "../metrics/metrics.h"
#include "../modules/losses/losses.h"
#include "../optim/learning_rate.h"
#include "../optim/optimizer.h"
#include "export/export_torchscript.h"
#include "fit_options.h"
#include "insight/summary.h"
#include "lr_find.h"
#include "model.h"

namespace embark {

class TrainStep;

/// How the rows of an embedding move that a batch did not touch.
enum class EmbeddingUpdate {
    dense,  ///< they decay and keep moving by their moment estimates at every step, as in fastai and PyTorch
    lazy,   ///< they stay as they are, so that a step costs what its batch costs, however large the table
};

/// Settings of a Learner; fastai's defaults.
struct LearnerOptions {
    Loss loss = {};                       ///< what training minimises
    OptimizerFactory optimizer = adam();  ///< what makes the optimizer
    /// Learning rate of fits that name none.
    double lr = 1e-3;
    std::vector<Metric> metrics = {};                       ///< what validation measures besides the loss
    std::vector<std::shared_ptr<Callback>> callbacks = {};  ///< called in every fit
    /// Names of the modules and parameters of each parameter group, first to last, for learning rates of their own and
    /// for freezing: {{"embeddings"}, {"layers", "head"}}. Empty: all in one group.
    std::vector<std::vector<std::string>> param_groups = {};
    /// Weight decay of fits that name none; empty: the optimizer's own default.
    std::optional<double> weight_decay = {};
    /// Weight decay of modules and parameters of their own, by name, in the place of the fit's, as a table's of ratings:
    /// {{"user_factors", 3e-4}, {"user_bias.weight", 0}}. Of several names around a parameter the longest counts.
    std::map<std::string, double> weight_decays = {};
    /// Decay norm layers' parameters and layers' biases too.
    bool wd_bn_bias = false;
    /// Train norm layers in frozen groups too.
    bool train_bn = true;
    Momentums moms = {};  ///< of one-cycle fits that name none
    /// Show the table and, on a terminal, a bar.
    bool progress = true;
    /// How a training batch is trained; null: by a fused step where there is one, else through autograd. See TrainStep.
    std::shared_ptr<TrainStep> step = {};
    /// Train a DotProduct or DotProductBias by a step of its own that computes the same numbers many times faster than
    /// autograd, where loss (MSE), optimizer (adam() with decoupled weight decay, or any lazy one) and callbacks (see
    /// Callback::needs_autograd) allow it.
    bool fused_step = true;
    /// Lazy updates are for tables of embeddings that are too large to go through at every step; for adam(), adagrad()
    /// and sgd(). The numbers become others than those of dense updates. Sharded tables have no others.
    EmbeddingUpdate embedding_update = EmbeddingUpdate::dense;
};

/// Loss and metrics over a validation part.
struct Validation {
    double loss = 0;  ///< mean over the rows, weighted as the loss says
    /// By the metrics' names.
    std::map<std::string, double> metrics = {};
    /// Why metrics are NaN, by name, those that are: "there are 20 rows, all of one class".
    std::map<std::string, std::string> undefined = {};

    /// The loss, called "loss", then the metrics, each with its value.
    std::vector<std::pair<std::string, double>> figures() const;
};

/// "loss 0.482113, accuracy 0.812500", on one line, with the reason behind a metric that is NaN.
std::ostream& operator<<(std::ostream& out, const Validation& validation);

/// A model's answers for a data set, in the order of its rows, on the CPU.
struct Predictions {
    /// After the loss' activation; the first of the outputs where there are several.
    at::Tensor predictions;
    at::Tensor targets;  ///< beside them, the first where there are several
    /// (n): each row's own loss.
    at::Tensor losses;
    /// The predictions for every output.
    Tensors all_predictions = {};
    Tensors all_targets = {};  ///< every target
};

/// Data, a model, a loss and an optimizer brought together, and trained with callbacks around every step.
///
///     Learner learn(dls, RatingNet(n_users, n_items, 50), {.loss = mse_loss_flat()});
///     learn.fit_one_cycle(5, 5e-3);
///
/// Movable, not copyable; not thread-safe.
class Learner {
public:
    /// Moves the model to the loaders' device. Throws UsageError for settings that can never be right.
    Learner(DataLoaders dls, Model model, LearnerOptions options = {});
    /// Of a module in LibTorch's holder.
    template <class Impl>
    Learner(DataLoaders dls, const torch::nn::ModuleHolder<Impl>& model, LearnerOptions options = {})
        : Learner(std::move(dls), Model(model), std::move(options)) {}
    /// Of a module in a shared pointer.
    template <class Impl>
    Learner(DataLoaders dls, std::shared_ptr<Impl> model, LearnerOptions options = {})
        : Learner(std::move(dls), Model(std::move(model)), std::move(options)) {}
    virtual ~Learner();
    /// The one moved from can only be destroyed or assigned to.
    Learner(Learner&&) noexcept;
    /// As the constructor.
    Learner& operator=(Learner&&) noexcept;

    /// Trains `n_epoch` epochs at a constant learning rate (the Learner's where none is given; see slice() for one of
    /// its own for each parameter group). Throws UsageError for a negative n_epoch or an lr that is not finite and
    /// above 0, and Error under a NoGradGuard, and where training fails: at a batch whose loss is NaN or infinite (but
    /// one whose step was skipped), and at an epoch's end with such weights; no checkpoint is written of these. For
    /// ending a fit before the step that spoils the weights there is terminate_on_nan(). Returns what was recorded.
    const Records& fit(int64_t n_epoch, std::optional<LearningRate> lr = {}, const FitOptions& options = {});

    /// Trains with one-cycle: learning rate and momentum follow two cosines, up and down (Smith 2018, as in fastai).
    const Records& fit_one_cycle(int64_t n_epoch, std::optional<LearningRate> lr_max, const OneCycleOptions& options);
    /// The same with the schedule as it comes.
    const Records& fit_one_cycle(int64_t n_epoch, std::optional<LearningRate> lr_max = {},
                                 const FitOptions& options = {}) {
        return fit_one_cycle(n_epoch, std::move(lr_max), OneCycleOptions{.fit = options});
    }

    /// Trains at a constant learning rate, then down a cosine (fastai's fit_flat_cos).
    const Records& fit_flat_cos(int64_t n_epoch, std::optional<LearningRate> lr, const FlatCosOptions& options);
    /// The same with the schedule as it comes.
    const Records& fit_flat_cos(int64_t n_epoch, std::optional<LearningRate> lr = {}, const FitOptions& options = {}) {
        return fit_flat_cos(n_epoch, std::move(lr), FlatCosOptions{.fit = options});
    }

    /// Trains `n_cycles` cycles, the first of `cycle_len` epochs, each a cosine from lr_max to 0, with a warm restart
    /// at the next one (SGDR; Loshchilov and Hutter 2017, as in fastai).
    const Records& fit_sgdr(int64_t n_cycles, int64_t cycle_len, std::optional<LearningRate> lr_max,
                            const SgdrOptions& options);
    /// The same with the schedule as it comes.
    const Records& fit_sgdr(int64_t n_cycles, int64_t cycle_len, std::optional<LearningRate> lr_max = {},
                            const FitOptions& options = {}) {
        return fit_sgdr(n_cycles, cycle_len, std::move(lr_max), SgdrOptions{.fit = options});
    }

    /// Trains the last parameter group with the others frozen, then all with smaller learning rates for the earlier
    /// groups (fastai's fine_tune): one-cycle of freeze_epochs at slice(base_lr), then one-cycle of `n_epoch` at
    /// slice(base_lr/2/lr_mult, base_lr/2). Returns what the second recorded.
    const Records& fine_tune(int64_t n_epoch, double base_lr, const FineTuneOptions& options);
    /// The same with the schedules as they come.
    const Records& fine_tune(int64_t n_epoch, double base_lr = 2e-3, const FitOptions& options = {}) {
        return fine_tune(n_epoch, base_lr, FineTuneOptions{.fit = options});
    }

    /// Freezes all parameter groups before number `n` (from the end where negative); norm layers are trained all the
    /// same unless train_bn is off. The optimizer's state is dropped, as in fastai.
    void freeze_to(int64_t n);
    /// Freezes all parameter groups but the last.
    void freeze();
    /// Trains all parameter groups again. The optimizer's state is dropped, as in fastai.
    void unfreeze();

    /// Gives the model's last linear layer `n_out` outputs and new weights, to fine-tune the model for another target.
    /// The optimizer starts anew.
    void replace_last_layer(int64_t n_out);

    /// Tries learning rates from small to large on up to `num_it` batches and suggests one; model, optimizer, random
    /// numbers and position in the data are afterwards as they were, whatever happens: the trial has a new optimizer
    /// with this one's hyper-parameters. See LrFind.
    LrFind lr_find(const LrFindOptions& options = {});

    /// Loss and metrics over the validation part, with the events of validation sent to the Learner's own callbacks
    /// (those that do Callback::runs_outside_fit), as in a fit, and to `callbacks`.
    Validation validate(const std::vector<std::shared_ptr<Callback>>& callbacks = {});
    /// The same over `loader`.
    Validation validate(const DataLoader& loader, std::vector<std::shared_ptr<Callback>> callbacks = {});

    /// Predictions for the validation part, in the order of its rows; with events as in validate().
    Predictions get_preds(const std::vector<std::shared_ptr<Callback>>& callbacks = {});
    /// The same for the rows of `loader`.
    Predictions get_preds(const DataLoader& loader, std::vector<std::shared_ptr<Callback>> callbacks = {});

    /// Test-time augmentation (fastai's tta): as get_preds(), of rows as they are, which weigh `beta`, and of rows that
    /// random transforms were done to as in training, the mean of `n` passes, which weighs 1 − beta. No losses. Throws
    /// UsageError for an n below 1 and a beta that is not between 0 and 1.
    Predictions tta(int64_t n = 4, double beta = 0.25);
    /// The same for the rows of `loader`.
    Predictions tta(const DataLoader& loader, int64_t n = 4, double beta = 0.25);

    /// The model's answer to encoded inputs, one row a sample, after the loss' activation, on the CPU; the first of the
    /// outputs where there are several. With the events of validation for a batch without targets sent to the Learner's
    /// own callbacks.
    at::Tensor predict(const Tensors& inputs);
    /// The model's answers to encoded inputs, as predict(), of all outputs.
    Tensors predict_all(const Tensors& inputs);

    /// The first `n` rows of the validation part as raw values, with the model's decoded prediction beside them.
    Table results(int64_t n = 10);
    /// Prints results() to standard output.
    void show_results(int64_t n = 10);
    /// The same of pictures as a page of HTML, see contact_sheet().
    void show_results(const std::filesystem::path& page, int64_t n = 36);

    /// The model's layers with the shapes of their outputs and their parameters: `std::cout << learn.summary();`.
    Summary summary();

    /// Saves model and optimizer in one safetensors file, tensors by name ("model.…", "optimizer.…"), with hyper-
    /// parameters as JSON in its metadata; written atomically.
    void save(const std::filesystem::path& path);
    /// Takes over what save() wrote. Checks everything first: an Error names each missing, unexpected and wrong-shaped
    /// tensor, and leaves the Learner as it was.
    void load(const std::filesystem::path& path);

    /// Writes the model, in eval mode and on the CPU, as a TorchScript file that needs nothing of Embark. `forward`
    /// takes encoded tensors; where the data have vocabularies there are methods on raw values too: for collab
    /// `predict(users: List[str], items: List[str]) -> Tensor`, `recommend(user: str, k: int)` and
    /// `similar(item: str, k: int)`, both `-> Tuple[List[str], Tensor]`; for tables
    /// `predict(categories: Dict[str, List[str]], numbers: Dict[str, List[float]])`, which gives for each target the
    /// classes' names with all probabilities, or values in its own units. `forward` takes any number of rows, and
    /// refuses inputs of other shapes, but for the dimensions that options.dynamic_dims names. Throws Error, before
    /// anything is written, where C++ decides by values or sizes, and names the operation; see docs/deploy.md.
    void export_torchscript(const std::filesystem::path& path, const ExportOptions& options = {});

    /// Writes the model as ONNX, for ONNX Runtime in any language, with the preprocessing of tables and ratings inside,
    /// and returns the files: `learn.export_onnx("movies.onnx")`. See onnx/export_onnx.h for their inputs and outputs.
    /// Throws Error, before anything is written, where export_torchscript does, and for what ONNX cannot say.
    std::vector<std::filesystem::path> export_onnx(const std::filesystem::path& path,
                                                   const ExportOptions& options = {});

    /// Whether this process prints and saves: of several that train together (see DataParallel), rank 0 alone. save(),
    /// export_torchscript() and export_onnx() do nothing in the others.
    bool is_main_process() const;
    /// Deprecated name of is_main_process().
    [[deprecated("is_main_process since 0.2")]] bool leads() const { return is_main_process(); }

    /// Called in every later fit.
    void add_callback(std::shared_ptr<Callback> callback);
    /// Takes it out of those that are called. Throws Error where the learner does not have it.
    void remove_callback(const std::shared_ptr<Callback>& callback);

    /// The data that it trains on.
    const DataLoaders& dls() const;
    /// Trains, validates and decodes with other data from now on. Throws UsageError, and changes nothing, where their
    /// vocabularies are not the ones that the model was made for, or their batches are on another device.
    virtual void set_dls(DataLoaders dls);
    /// The model that is trained.
    const Model& model() const;
    /// What training minimises.
    const Loss& loss() const;
    /// The metrics of validation, in the order they were given.
    const std::vector<Metric>& metrics() const;
    /// The optimizer, made on first use; later fits go on with its state.
    Optimizer& optimizer();
    /// What the last fit recorded.
    const Records& records() const;
    /// Why the last fit ended before its time; empty where it did not.
    const std::string& stop_reason() const;

protected:
    struct Impl;
    std::unique_ptr<Impl> impl_;  ///< for the learners that derive from it
};

}  // namespace embark
