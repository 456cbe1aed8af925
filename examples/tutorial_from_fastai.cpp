// The C++ column of docs/tutorials/from-fastai.md; tutorial_from_fastai.py is the Python column. Both make the same
// data.
#include <fstream>
#include <iostream>

#include <embark/embark.h>

using namespace embark;

/// Numbers from 0 on, that look random, the same in Python.
int64_t scramble(int64_t i, int64_t below) {
    return i * 7919 % 10007 * 31 % 997 % below;
}

void write_files() {
    std::ofstream flats("flats.csv"), ratings("ratings.csv");
    flats << "city,size,price\n";
    for (int i = 0; i < 600; ++i) {
        const int64_t city = i % 3, size = 30 + scramble(i, 90);
        flats << (city == 0 ? "Lima" : city == 1 ? "Oslo" : "Rome") << ',' << size << ',' << size * (1 + city) << '\n';
    }
    ratings << "user,item,rating\n";
    for (int i = 0; i < 3000; ++i) {
        const int64_t user = scramble(i, 40), item = scramble(i + 5000, 30);
        ratings << 'u' << user << ",i" << item << ',' << 1 + (user + item) % 5 << '\n';
    }
}

// 1. Tensors become DataLoaders.
DataLoaders from_tensors() {
    const auto x = torch::linspace(-1, 1, 512).unsqueeze(1);
    return DataLoaders::from_tensors({.inputs = {x}, .targets = {x.square()}},
                                     {.batch_size = 32, .valid_pct = 0.2, .seed = 42});
}

// 2. A module.
struct NetImpl : torch::nn::Module {
    NetImpl()
        : hidden(register_module("hidden", torch::nn::Linear(1, 16))),
          out(register_module("out", torch::nn::Linear(16, 1))) {}
    torch::Tensor forward(const torch::Tensor& x) { return out(torch::relu(hidden(x))); }
    torch::nn::Linear hidden, out;
};
TORCH_MODULE(Net);

// 3. A Learner, and a fit.
Learner fit_net() {
    set_seed(42);
    Learner learn(from_tensors(), Net(), {.loss = mse_loss_flat(), .metrics = {mae()}});
    learn.fit_one_cycle(5, 1e-2);
    return learn;
}

// 4. A learning rate.
double suggested_rate(Learner& learn) {
    return learn.lr_find().valley.lr.value();
}

// 5. A callback.
struct CountBatches : Callback {
    void after_batch(TrainingState& state) override { batches += state.training ? 1 : 0; }
    int batches = 0;
};

// 6. A metric.
Metric largest_error() {
    return Metric("largest_error", Direction::lower_is_better, Metric::Over::all,
                  [](const at::Tensor& predictions, const at::Tensor& targets) {
                      return (predictions - targets).abs().max();
                  });
}

// 7. Keep the best model, and stop early.
void fit_with_callbacks() {
    const auto counter = std::make_shared<CountBatches>();
    Learner learn(from_tensors(), Net(), {.loss = mse_loss_flat(), .metrics = {largest_error()}});
    learn.fit(3, 1e-3, {.callbacks = {save_model(), early_stopping({.patience = 2}), counter}});
    std::cout << "batches: " << counter->batches << "\n";
}

// 8. A table.
TabularLearner fit_table() {
    const Table flats = read_csv("flats.csv");
    const auto dls = TabularDataLoaders::from_table(
        flats, {.y_names = {"price"}, .cat_names = {"city"}, .cont_names = {"size"}, .batch_size = 64});
    auto learn = tabular_learner(dls, {.layers = {200, 100}}, {.metrics = {rmse()}});
    learn.fit_one_cycle(3, 1e-2);
    return learn;
}

// 9. Ratings.
CollabLearner fit_ratings() {
    const auto dls = CollabDataLoaders::from_table(read_csv("ratings.csv"), {.batch_size = 64});
    auto learn = collab_learner(dls, {.n_factors = 20, .y_range = {0.5, 5.5}});
    learn.fit_one_cycle(3, 5e-3, {.weight_decay = 0.1});
    return learn;
}

// 10. Weights, and a file for those who predict.
void save_and_load(Learner& learn, TabularLearner& flats) {
    learn.save("net.learner");
    learn.load("net.learner");
    save_weights(learn.model().module(), "net.safetensors");
    flats.export_torchscript("flats.pt");       // whoever loads it needs torch alone
}

int main() try {
    write_files();
    Learner learn = fit_net();
    std::cout << "x = 0.5: " << format_number(learn.predict({torch::tensor({{0.5f}})}).item<double>(), 1) << "\n";
    std::cout << "a rate was suggested: " << (suggested_rate(learn) > 0 ? "yes" : "no") << "\n";
    fit_with_callbacks();
    TabularLearner flats = fit_table();
    fit_ratings();
    save_and_load(learn, flats);
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
