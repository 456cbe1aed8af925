#include "mc_dropout.h"

#include <algorithm>
#include <cctype>

#include <torch/torch.h>

#include "training_state.h"

namespace embark {

namespace {

bool is_dropout(const torch::nn::Module& module) {
    std::string type = module.name();
    if (const size_t scope = type.rfind("::"); scope != std::string::npos) type.erase(0, scope);
    std::transform(type.begin(), type.end(), type.begin(), [](unsigned char c) { return std::tolower(c); });
    return module.children().empty() && type.find("dropout") != std::string::npos;
}

void train_dropout(torch::nn::Module& model, bool on) {
    model.apply([on](torch::nn::Module& module) {
        if (is_dropout(module)) module.train(on);
    });
}

}  // namespace

void MCDropout::before_validate(TrainingState& state) {
    train_dropout(*state.model, true);
}

void MCDropout::after_validate(TrainingState& state) {
    train_dropout(*state.model, false);
}

std::shared_ptr<MCDropout> mc_dropout() {
    return std::make_shared<MCDropout>();
}

}  // namespace embark
