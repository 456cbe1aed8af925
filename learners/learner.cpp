#include "learner.h"

#include <algorithm>
#include <cmath>

#include <torch/torch.h>

#include "../callbacks/parallel/detail/sharded_tables.h"
#include "../core/error.h"
#include "../core/file.h"
#include "../modules/layers.h"
#include "../modules/sharded_embedding.h"
#include "../optim/model_state.h"
#include "detail/learner_impl.h"
#include "detail/parameter_groups.h"
#include "detail/run_lr_find.h"
#include "export/detail/module_mirror.h"
#include "export/detail/torchscript_archive.h"
#include "onnx/export_onnx.h"

namespace embark {

namespace {

/// Sets every hyper-parameter as `from` has it.
void take_hypers(const Optimizer& from, Optimizer& to) {
    for (const auto& [name, last] : from.groups().back().hyper) {
        std::vector<double> values;
        for (const auto& group : from.groups()) values.push_back(group.hyper.at(name));
        to.set_hyper(name, values);
    }
}

void require_embeddings(const torch::nn::Module& module) {
    const auto modules = module.modules();
    const bool any = std::ranges::any_of(
        modules, [](const auto& part) { return part->template as<torch::nn::EmbeddingImpl>() != nullptr; });
    require<UsageError>(any || !sharded_embeddings(module).empty(),
                        "embedding_update = lazy is for models with embeddings, and ", module.name(),
                        " has no torch::nn::Embedding");
}

}  // namespace

SparseEmbeddings::SparseEmbeddings(torch::nn::Module& module) {
    for (const auto& part : module.modules()) {
        auto* embedding = part->as<torch::nn::EmbeddingImpl>();
        if (embedding == nullptr || embedding->options.sparse()) continue;
        embedding->options.sparse(true);
        changed_.push_back(part);
    }
}

SparseEmbeddings::~SparseEmbeddings() {
    for (const auto& part : changed_) part->as<torch::nn::EmbeddingImpl>()->options.sparse(false);
}

Learner::Impl::Impl(DataLoaders dls_, Model model_, LearnerOptions options_)
    : dls(std::move(dls_)), model(std::move(model_)), options(std::move(options_)) {
    LearningRate(options.lr).for_groups(1);  // throws for one that can never be right
    check_weight_decay(options.weight_decay.value_or(0));
    refuse_null(options.callbacks);
    model.module().to(dls.train().options().device);
    if (!sharded_embeddings(model.module()).empty()) options.embedding_update = EmbeddingUpdate::lazy;
    if (options.embedding_update != EmbeddingUpdate::lazy) return;
    const at::Device device = dls.train().options().device;
    require<UsageError>(device.is_cpu(), "embedding_update = lazy trains on the CPU, and the batches are on ",
                        device.str(), "; make the DataLoaders with .device = at::kCPU");
    require_embeddings(model.module());
}

Optimizer& Learner::Impl::optimizer() {
    if (!made_optimizer) {
        auto groups = parameter_groups(model.module(), options.param_groups, options.wd_bn_bias);
        set_weight_decays(groups, options.weight_decays);
        if (options.optimizer) made_optimizer = options.optimizer(std::move(groups));
        require<UsageError>(made_optimizer != nullptr, "LearnerOptions::optimizer makes no optimizer");
        if (options.embedding_update == EmbeddingUpdate::lazy) made_optimizer->update_lazily();
        require<UsageError>(options.weight_decays.empty() || made_optimizer->has_hyper("wd"),
                            "weight_decays are given, and the optimizer has no weight decay");
        default_weight_decay = made_optimizer->has_hyper("wd") ? made_optimizer->hyper("wd") : 0;
    }
    return *made_optimizer;
}

Learner::Learner(DataLoaders dls, Model model, LearnerOptions options)
    : impl_(std::make_unique<Impl>(std::move(dls), std::move(model), std::move(options))) {}
Learner::~Learner() = default;
Learner::Learner(Learner&&) noexcept = default;
Learner& Learner::operator=(Learner&&) noexcept = default;

void Learner::freeze_to(int64_t n) {
    freeze_groups(optimizer().groups(), n, impl_->options.train_bn);
    optimizer().clear_state();
}

void Learner::freeze() {
    freeze_to(-1);
}

void Learner::unfreeze() {
    freeze_to(0);
}

void Learner::replace_last_layer(int64_t n_out) {
    embark::replace_last_layer(impl_->model.module(), n_out);
    impl_->made_optimizer.reset();
}

LrFind Learner::lr_find(const LrFindOptions& options) {
    const Optimizer& own = optimizer();
    const ModelState before(impl_->model.module());
    auto own_optimizer = std::exchange(impl_->made_optimizer, nullptr);
    const auto random = rng_state();
    const auto passes = impl_->passes;
    const auto records = impl_->records;
    const auto stop_reason = impl_->stop_reason;
    const bool progress = std::exchange(impl_->options.progress, false);
    const auto callbacks = impl_->options.callbacks;
    impl_->may_diverge = true;
    std::erase_if(impl_->options.callbacks, [](const auto& callback) { return !callback->runs_in_lr_find(); });
    const auto restore = [&] {
        impl_->made_optimizer = std::move(own_optimizer);
        before.restore(impl_->model.module());
        set_rng_state(random);
        impl_->passes = passes;
        impl_->records = records;
        impl_->stop_reason = stop_reason;
        impl_->options.progress = progress;
        impl_->options.callbacks = callbacks;
        impl_->may_diverge = false;
    };
    try {
        take_hypers(own, optimizer());
        auto found = run_lr_find(*this, options);
        restore();
        return found;
    } catch (...) {
        restore();
        throw;
    }
}

void Learner::save(const std::filesystem::path& path) {
    const ShardedTables tables(impl_->model.module());
    if (tables.are_split() || is_main_process())
        save_model_state(path, impl_->model.module(), &optimizer(), *tables.strategy());
}

void Learner::load(const std::filesystem::path& path) {
    ModelState(ShardedTables(impl_->model.module()).load(path), path.string())
        .restore(impl_->model.module(), optimizer());
}

void Learner::export_torchscript(const std::filesystem::path& path, const ExportOptions& options) {
    const WholeTables whole(impl_->model.module());
    if (!is_main_process()) return;
    require_writable_path(path);
    write_file_atomically(path, {torchscript_archive(impl_->model, impl_->dls, options, &records())});
}

std::vector<std::filesystem::path> Learner::export_onnx(const std::filesystem::path& path,
                                                        const ExportOptions& options) {
    const WholeTables whole(impl_->model.module());
    if (!is_main_process()) return {};
    require_writable_path(path);
    return convert_to_onnx(
        ExportedFile::from_archive(torchscript_archive(impl_->model, impl_->dls, options, &records()),
                                   class_name(impl_->model.module())),
        path);
}

bool Learner::is_main_process() const {
    const auto& last = impl_->last_strategy;
    return impl_->strategy()->is_main_process() && (last == nullptr || last->is_main_process());
}

void Learner::add_callback(std::shared_ptr<Callback> callback) {
    require(callback != nullptr, "add_callback was given no callback");
    impl_->options.callbacks.push_back(std::move(callback));
}

void Learner::remove_callback(const std::shared_ptr<Callback>& callback) {
    require(std::erase(impl_->options.callbacks, callback) > 0, "The learner does not have that callback",
            callback ? ", " + callback->name() : std::string());
}

const DataLoaders& Learner::dls() const {
    return impl_->dls;
}

void Learner::set_dls(DataLoaders dls) {
    const at::Device before = impl_->dls.train().options().device, now = dls.train().options().device;
    require<UsageError>(now == before, "The model is on ", before.str(), ", and the batches of the new data on ",
                        now.str(), "; make the DataLoaders with .device = ", before.str());
    const auto known = impl_->dls.classes(), given = dls.classes();
    for (const auto& [column, vocabulary] : known) {
        const auto found = given.find(column);
        require<UsageError>(found != given.end() && found->second.names() == vocabulary.names(),
                            "The new data have another vocabulary of '", column,
                            "' than those that the model was made for");
    }
    impl_->dls = std::move(dls);
}

const Model& Learner::model() const {
    return impl_->model;
}
const Loss& Learner::loss() const {
    return impl_->options.loss;
}
const std::vector<Metric>& Learner::metrics() const {
    return impl_->options.metrics;
}
Optimizer& Learner::optimizer() {
    return impl_->optimizer();
}
const Records& Learner::records() const {
    return impl_->records;
}
const std::string& Learner::stop_reason() const {
    return impl_->stop_reason;
}

}  // namespace embark
