// Writes the golden files of this version into a folder; see README.md.
//
//     make_golden FOLDER
//
// Exported files, saved learners and checkpoints of interrupted fits, and answers.json, which says what this version
// makes of them.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>

#include <nlohmann/json.hpp>

#include <embark/embark.h>

#include "golden_data.h"

using namespace embark;
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

/// `value` with the digits that tell single-precision numbers apart.
double short_number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.9g", value);
    return std::strtod(text, nullptr);
}

Json list_of(const at::Tensor& values) {
    Json list = Json::array();
    const auto flat = values.detach().reshape(-1).to(at::kDouble);
    for (int64_t i = 0; i < flat.numel(); ++i) {
        const auto value = flat[i].item<double>();
        list.push_back(values.is_floating_point() ? Json(short_number(value)) : Json(static_cast<int64_t>(value)));
    }
    return list;
}

Json json_of(const at::Tensor& tensor) {
    return {{"dtype", tensor.is_floating_point() ? "float32" : "int64"},
            {"shape", tensor.sizes().vec()},
            {"data", list_of(tensor)}};
}

Json json_of(const Tensors& tensors) {
    Json list = Json::array();
    for (const auto& tensor : tensors) list.push_back(json_of(tensor));
    return list;
}

/// Answers whose order rounding could change are no good for comparing.
void require_apart(const at::Tensor& scores, const std::string& what) {
    const auto sorted = std::get<0>(scores.to(at::kDouble).sort());
    require(scores.numel() < 2 || sorted.diff().min().item<double>() > 1e-5, what, " are too near to one another");
}

Json json_of(const std::vector<Scored>& ranking) {
    Json names = Json::array(), scores = Json::array();
    std::vector<double> values;
    for (const auto& [name, score] : ranking) {
        names.push_back(name);
        scores.push_back(short_number(score));
        values.push_back(score);
    }
    require_apart(torch::tensor(values, at::kDouble), "The scores of a ranking");
    return {{"names", names}, {"scores", scores}};
}

Json json_of(const TargetPredictions& made) {
    if (!made.is_class()) return {{"target", made.target}, {"values", list_of(made.values)}};
    Json rows = Json::array();
    for (const auto& row : made.probabilities.unbind()) {
        require_apart(std::get<0>(row.topk(2)), "The best probabilities of '" + made.target + "'");
        rows.push_back(list_of(row));
    }
    return {{"target", made.target}, {"classes", made.classes}, {"probabilities", rows}};
}

Json about(const Predictor& predictor) {
    const auto& info = predictor.info();
    return {{"kind", info.kind}, {"model", info.model}, {"inputs", info.inputs}, {"outputs", info.outputs}};
}

Json collab_answers(const fs::path& path) {
    const auto predictor = Predictor::load(path);
    const std::vector<std::string> users = {"1", "1", "17", "24", "nobody", "3", "nobody", ""},
                                   films = {"Alien", "七人の侍", "M", "Brazil", "Ran", "no film", "no film", "Amélie"};
    Json answers = about(predictor);
    answers["predict"] = {{"users", users}, {"items", films}, {"scores", list_of(predictor.predict(users, films))}};
    answers["knows"] = {{"17", predictor.knows_user("17")}, {"nobody", predictor.knows_user("nobody")}};
    for (const auto& [user, k] : {std::pair("1", 3), std::pair("17", 20), std::pair("nobody", 4)}) {
        Json ranking = json_of(predictor.recommend(user, k));
        ranking.update({{"name", user}, {"k", k}});
        answers["recommend"].push_back(ranking);
    }
    for (const auto& [film, k] : {std::pair("Alien", 3), std::pair("七人の侍", 20)}) {
        Json ranking = json_of(predictor.similar(film, k));
        ranking.update({{"name", film}, {"k", k}});
        answers["similar"].push_back(ranking);
    }
    return answers;
}

/// Rows that training did not have, the last with what is unknown, missing or far away.
Table asked_flats() {
    Table table = golden::flats(10, 99);
    const auto set_last = [&](const std::string& column, const std::vector<std::string>& values) {
        auto all = table.text(column);
        std::copy(values.begin(), values.end(), all.end() - static_cast<int64_t>(values.size()));
        table = table.with_column(column, all);
    };
    set_last("city", {"Kyiv", "", "Åbo"});
    set_last("state", {"", "excellent", "good"});
    set_last("rooms", {"9", "2", ""});
    set_last("size", {"", "-10", "2.5e2"});
    set_last("age", {"", "0", " 12.5 "});
    set_last("sold_date", {"1999-05-17T11:22:33Z", "", "2024-12-31"});
    set_last("note", {"", "Gänzlich neu: 没有!", "LOVELY lovely it's it’s 駅🙂"});
    return table;
}

Json table_answers(const fs::path& path) {
    const auto predictor = Predictor::load(path);
    const Table table = asked_flats();
    Json answers = about(predictor), rows = Json::object(), made = Json::array();
    RawColumns columns;
    for (const auto& name : predictor.info().inputs) {
        const auto texts = table.text(name);
        columns[name] = {texts.begin(), texts.end()};
        rows[name] = texts;
    }
    for (const auto& target : predictor.predict_columns(columns)) made.push_back(json_of(target));
    answers["rows"] = rows;
    answers["predict"] = made;
    return answers;
}

Json tensor_answers(const fs::path& path) {
    const auto predictor = Predictor::load(path);
    const Tensors inputs = {torch::arange(12).reshape({4, 3}).to(at::kFloat) / 8 - 0.5};
    Json answers = about(predictor);
    answers["forward"] = {{"inputs", json_of(inputs)}, {"outputs", json_of(predictor.forward(inputs))}};
    return answers;
}

const LearnerOptions kQuiet = {.progress = false};

TabularLearner flats_learner(const TabularOptions& data, const TabularLearnerOptions& model, uint64_t seed = 1) {
    set_seed(seed);
    return tabular_learner(TabularDataLoaders::from_table(golden::flats(150, 3), data), model, kQuiet);
}

void export_collab(const fs::path& path) {
    const auto learn = golden::fit_of("collab").make();
    learn->fit_one_cycle(3, 5e-2);
    learn->export_torchscript(path);
}

/// A network, and nobody's ratings left out.
void export_collab_nn(const fs::path& path) {
    const auto learn = golden::ratings_learner({.y_range = {0, 5.5}, .use_nn = true, .layers = {8, 4}}, {});
    learn->fit_one_cycle(3, 2e-2);
    learn->export_torchscript(path, {.include_rated = false});
}

/// fastai's way: one target of classes, dates with their times, flags of missing numbers.
void export_tabular(const fs::path& path) {
    TabularRecipe recipe = fastai_recipe();
    const TabularOptions flats = golden::flat_options({"let"});
    recipe.data.y_names = flats.y_names;
    recipe.data.cat_names = flats.cat_names;
    recipe.data.cont_names = flats.cont_names;
    recipe.data.date_names = {"sold_date"};
    recipe.data.date_time = true;
    recipe.data.batch_size = flats.batch_size;
    recipe.data.device = flats.device;
    recipe.model.layers = {12, 6};
    recipe.lr = 3e-2;
    auto learn = flats_learner(recipe.data, recipe.model);
    fit_recipe(learn, recipe);
    learn.export_torchscript(path);
}

/// Three targets, one learned by its logarithm; another order of categories, scaling and way to fill than fastai's.
void export_targets(const fs::path& path) {
    TabularOptions data = golden::flat_options({"let", "price", "grade"});
    data.y_log = {"price"};
    data.scale_targets = true;
    data.fill = FillStrategy::constant;
    data.fill_constant = -1;
    data.missing_flags = false;
    data.scaling = Scaling::robust;
    auto learn = flats_learner(data, {.layers = {12}, .ps = {0.1}, .lin_first = false});
    learn.fit_one_cycle(3, 5e-2);
    learn.export_torchscript(path);
}

/// What predicts best, made narrow: members, periodic embeddings, embeddings of values, ranks.
void export_best(const fs::path& path) {
    TabularRecipe recipe = best_recipe();
    const TabularOptions flats = golden::flat_options({"grade", "price"});
    recipe.data.y_names = flats.y_names;
    recipe.data.cat_names = flats.cat_names;
    recipe.data.cont_names = {"rooms", "size", "age", "income"};
    recipe.data.cat_names = {"city", "state"};
    recipe.data.batch_size = flats.batch_size;
    recipe.data.device = flats.device;
    recipe.model.layers = {12, 8};
    recipe.model.members = 3;
    recipe.model.numbers.width = 4;
    recipe.model.numbers.n_frequencies = 6;
    recipe.n_epoch = 8;
    recipe.lr = 1e-2;
    auto learn = flats_learner(recipe.data, recipe.model);
    fit_recipe(learn, recipe);
    learn.export_torchscript(path);
}

/// Two learners of different shape, one of which counts twice.
void export_ensemble(const fs::path& path) {
    TabularOptions data = golden::flat_options({"let", "price"});
    data.fill = FillStrategy::mode;
    const TabularLearnerOptions wide = {.layers = {12}, .y_range = {0, 400}},
                        deep = {.layers = {6, 6},
                                .use_bn = false,
                                .bn_cont = false,
                                .numbers = {.kind = NumberEmbeddingKind::piecewise_linear, .width = 3}};
    auto first = flats_learner(data, wide), second = flats_learner(data, deep, 2);
    first.fit_one_cycle(2, 2e-2);
    second.fit_one_cycle(2, 2e-2);
    ensemble({&first, &second}, {.weights = {2, 1}}, kQuiet).export_torchscript(path);
}

/// Texts, dates without times and numbers together.
void export_text(const fs::path& path) {
    auto learn = flats_learner({.y_names = {"let"},
                                .cont_names = {"size"},
                                .date_names = {"sold_date"},
                                .text_names = {"note"},
                                .text_len = 6,
                                .batch_size = 16,
                                .device = at::kCPU},
                               {.layers = {8}, .text = {.embedding_size = 4, .hidden_size = 4}, .head = {8}});
    learn.fit_one_cycle(3, 2e-2);
    learn.export_torchscript(path);
}

/// A module of one's own on tensors, which has `forward` alone.
void export_tensors(const fs::path& path) {
    golden::Numbers random(5);
    const auto x = torch::empty({40, 3}), y = torch::empty({40, 2});
    for (auto values : {x, y}) {
        for (int64_t i = 0; i < values.numel(); ++i) values.view(-1)[i] = random.below(1000) / 500.0 - 1;
    }
    set_seed(1);
    const torch::nn::Sequential model(torch::nn::Linear(3, 4), torch::nn::ReLU(), torch::nn::BatchNorm1d(4),
                                      torch::nn::Linear(4, 2));
    LearnerOptions options = kQuiet;
    options.loss = mse_loss_flat();
    Learner learn(DataLoaders::from_tensors({.inputs = {x}, .targets = {y}}, {.batch_size = 8, .device = at::kCPU}),
                  model, options);
    learn.fit(2, 1e-2);
    learn.export_torchscript(path);
}

Json make_exported(const fs::path& folder) {
    using Export = void (*)(const fs::path&);
    using Answers = Json (*)(const fs::path&);
    struct Exported {
        const char* name;
        Export make;
        Answers answers;
    };
    const std::vector<Exported> all = {
        {"collab.pt", export_collab, collab_answers},  {"collab_nn.pt", export_collab_nn, collab_answers},
        {"tabular.pt", export_tabular, table_answers}, {"targets.pt", export_targets, table_answers},
        {"best.pt", export_best, table_answers},       {"ensemble.pt", export_ensemble, table_answers},
        {"text.pt", export_text, table_answers},       {"tensors.pt", export_tensors, tensor_answers}};
    Json answers;
    for (const auto& file : all) {
        file.make(folder / file.name);
        answers[file.name] = file.answers(folder / file.name);
    }
    return answers;
}

/// Asks a fit to stop in the middle of its second epoch.
class Interruption : public Callback {
public:
    int order() const override { return 99; }
    bool needs_autograd() const override { return false; }
    void after_batch(TrainingState& state) override {
        if (state.training && state.epoch == 1 && state.iteration == 3) source_.request_stop();
    }
    std::stop_token token() const { return source_.get_token(); }

private:
    std::stop_source source_;
};

/// Saves the learner at the end of the undisturbed fit, and the checkpoint of one that was interrupted.
Json make_fit(const golden::Fit& fit, const fs::path& folder) {
    const auto interruption = std::make_shared<Interruption>();
    const auto interrupted = fit.make();
    fit.train(*interrupted,
              {.callbacks = {interruption}, .stop = interruption->token(), .checkpoint = {.dir = folder / fit.name}});
    require(!interrupted->stop_reason().empty(), "The fit '", fit.name, "' was not interrupted");

    const auto learn = fit.make();
    fit.train(*learn, {});
    const auto drawn_after = torch::rand({3});
    const fs::path path = folder / (fit.name + ".safetensors");
    learn->save(path);
    const Tensors inputs = learn->dls().valid().first_rows(6).inputs;
    Json answers = {{"inputs", json_of(inputs)}, {"predictions", json_of(learn->predict_all(inputs))}};
    answers["interrupted_after"] = interrupted->records().losses.size();
    for (const auto& row : learn->records().epochs) {
        answers["epochs"].push_back({short_number(row.train_loss), short_number(row.valid_loss)});
    }
    answers["drawn_after"] = list_of(drawn_after);

    const auto further = fit.make();
    further->load(path);
    golden::train_further(*further);
    answers["predictions_further"] = json_of(further->predict_all(inputs));
    return answers;
}

Json make_fits(const fs::path& folder) {
    Json answers;
    for (const auto& fit : golden::fits()) answers[fit.name] = make_fit(fit, folder);
    return answers;
}

/// As text with a line for each file.
std::string lines_of(const Json& answers) {
    std::string text = "{\n\"version\": " + answers["version"].dump();
    for (const char* part : {"exported", "fits"}) {
        text += std::string(",\n\"") + part + "\": {";
        std::string separator = "\n";
        for (const auto& [name, value] : answers[part].items()) {
            text += separator + Json(name).dump() + ": " + value.dump();
            separator = ",\n";
        }
        text += "\n}";
    }
    return text + "\n}\n";
}

}  // namespace

int main(int argc, char** argv) try {
    require<UsageError>(argc == 2, "usage: make_golden FOLDER");
    const fs::path folder = argv[1];
    fs::create_directories(folder);
    at::set_num_threads(1);
    set_default_device(at::kCPU);
    const Json answers = {
        {"version", EMBARK_VERSION}, {"exported", make_exported(folder)}, {"fits", make_fits(folder)}};
    write_file_atomically(folder / "answers.json", {lines_of(answers)});
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
