// The program of docs/tutorials/long-run.md: a fit that keeps its best model, ends when nothing improves, and goes on where
// it was after it was stopped. It stops itself once, to show that.
#include <iostream>
#include <stop_token>

#include <embark/embark.h>

using namespace embark;

/// Asks the fit to stop after an epoch, as a signal would.
struct StopAfter : Callback {
    StopAfter(int64_t epoch, std::stop_source stop) : epoch_(epoch), stop_(std::move(stop)) {}
    int order() const override { return 70; }
    void after_epoch(TrainingState& state) override {
        if (state.epoch == epoch_) stop_.request_stop();
    }

private:
    int64_t epoch_;
    std::stop_source stop_;
};

std::shared_ptr<StopAfter> stop_after(int64_t epoch, const std::stop_source& stop) {
    return std::make_shared<StopAfter>(epoch, stop);
}

Learner make_learner() {
    set_seed(3);
    const auto x = torch::randn({600, 20});
    const auto y = (x.slice(1, 0, 5).sum(1) + torch::randn({600}) > 0).to(torch::kLong);
    const auto dls = DataLoaders::from_tensors({.inputs = {x}, .targets = {y}}, {.batch_size = 30});
    torch::nn::Sequential net(torch::nn::Linear(20, 64), torch::nn::ReLU(), torch::nn::Linear(64, 2));
    return Learner(dls, net, {.loss = cross_entropy_loss_flat(), .metrics = {accuracy()}});
}

int main() try {
    const CheckpointOptions checkpoint = {.dir = "run", .every = 1000, .resume = true};
    std::filesystem::remove_all("run");
    {
        Learner learn = make_learner();
        std::stop_source stop;
        learn.fit_one_cycle(50, 1e-2, {
            .callbacks  = {save_model(), early_stopping({.patience = 3}), csv_logger(), stop_after(1, stop)},
            .stop       = stop.get_token(),
            .checkpoint = checkpoint});
    }

    // The same program, started again.
    Learner learn = make_learner();
    learn.fit_one_cycle(50, 1e-2, {
        .callbacks  = {save_model(), early_stopping({.patience = 3}), csv_logger()},
        .checkpoint = checkpoint});

    const Validation best = learn.validate();
    std::cout << "The best model: loss " << format_number(best.loss, 4) << ", accuracy "
              << format_number(best.metrics.at("accuracy"), 3) << "\n";
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
