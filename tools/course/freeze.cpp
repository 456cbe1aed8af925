#include <algorithm>

#include <ATen/ATen.h>

#include <embark/learners/tabular_learner.h>
#include <embark/modules/tabular_model.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

namespace {

/// The batches with one of their targets, and fewer training rows.
DataLoaders with_target(const TabularDataLoaders& dls, size_t target, int64_t rows) {
    const auto part = [&](const DataLoader& loader, int64_t n) {
        const Batch& data = loader.data();
        const auto first = at::arange(std::min(n, loader.rows()), at::kLong);
        return TensorDataset{.inputs = data.inputs, .targets = {data.targets.at(target)}}.take(first);
    };
    return DataLoaders::from_tensors(part(dls.train(), rows), part(dls.valid(), dls.valid().rows()),
                                     {.batch_size = 64});
}

Result run_freeze(const Lab& lab) {
    // Two targets, so that both tasks have the same inputs: education to learn from much data, salary from little.
    const auto dls = TabularDataLoaders::from_table(
        adult(lab), {.y_names = {"education", "salary"},
                     .cat_names = {"workclass", "occupation", "marital-status", "relationship", "race", "sex"},
                     .cont_names = {"age", "capital-gain", "capital-loss", "hours-per-week"},
                     .seed = lab.seed});
    TabularModelOptions options{.n_cont = 4, .outputs = {{.size = dls.targets()[0].width(), .classes = true}}};
    for (const CategoryColumn& column : dls.categories()) {
        options.embeddings.push_back({column.vocabulary.size(), embedding_width(column.vocabulary.size())});
    }
    const auto many = with_target(dls, 0, dls.train().rows()), few = with_target(dls, 1, 2000);
    const LearnerOptions settings{.loss = cross_entropy_loss_flat(),
                                  .metrics = {accuracy()},
                                  .param_groups = {{"embeds", "bn_cont", "layers.0", "layers.1"}, {"layers.2"}}};
    Result result;
    std::vector<double> losses, accuracies;
    const auto note = [&](Learner& learn) {
        const Validation valid = learn.validate();
        losses.push_back(valid.loss);
        accuracies.push_back(valid.metrics.at("accuracy"));
    };

    // Train on the first task.
    TabularModel model(options);
    Learner first(many, model, settings);
    first.fit_one_cycle(lab.epochs(3), 5e-3);
    result.training(first.records(), {}, {}, "Phase 1: education, from all rows");

    // Delete the last layer, put a new one there, freeze the body.
    Learner learn(few, model, settings);
    learn.replace_last_layer(2);
    note(learn);
    learn.freeze();
    learn.fit_one_cycle(lab.epochs(4), 1e-2);
    note(learn);
    // Unfreeze: small steps for the body, larger ones for the head.
    learn.unfreeze();
    learn.fit_one_cycle(lab.epochs(4), slice(1e-4, 2e-3));
    note(learn);

    // From nothing, with as many epochs.
    TabularModelOptions fresh_options = options;
    fresh_options.outputs = {{.size = 2, .classes = true}};
    Learner fresh(few, TabularModel(fresh_options), settings);
    fresh.fit_one_cycle(lab.epochs(8), 5e-3);
    note(fresh);

    result.grids.push_back({"Phase 2: salary, from 2,000 rows",
                            "",
                            {"last layer replaced", "head trained, body frozen", "unfrozen", "from nothing"},
                            {{"valid_loss", losses}, {"accuracy", accuracies}}});
    result.check({"training the head helps", Relation::below, losses[1], losses[0], "the new layer untrained"});
    result.check({"unfreezing helps", Relation::below, losses[2], losses[1], "the head alone"});
    return result;
}

}  // namespace

const Experiment kFreeze = {
    .name = "freeze",
    .title = "Fine-tuning: replace the last layer, freeze, train, unfreeze",
    .notes =
        "The last layer of a trained model is deleted and replaced; the new one is trained while the others are "
        "frozen; then all are trained, the early layers with smaller rates.",
    .settings =
        "Adult census: education from all rows, then salary from 2,000; layers 200 and 100; head 4 epochs at "
        "1e-2, all 4 epochs at slice(1e-4, 2e-3)",
    .conclusion =
        "Layers that learned one task from many rows are a start for another with few. The new head first, "
        "then all of it at smaller rates.",
    .to_try = "Unfreeze at once, without training the head alone first.",
    .run = run_freeze};

}  // namespace embark::course
