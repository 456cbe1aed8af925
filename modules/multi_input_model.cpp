#include "multi_input_model.h"

#include <algorithm>
#include <set>

#include <torch/torch.h>

#include "../core/error.h"
#include "detail/lin_bn_drop.h"
#include "layers.h"

namespace embark {

namespace {

void check_branches(const std::vector<Branch>& branches) {
    require<UsageError>(!branches.empty(), "A MultiInputModel needs a branch at least");
    std::set<std::string> names = {"head"};
    for (const Branch& branch : branches) {
        require<UsageError>(!branch.name.empty() && branch.name.find('.') == std::string::npos,
                            "Invalid name of a branch '", branch.name, "': it must not be empty nor have a point");
        require<UsageError>(names.insert(branch.name).second, "A MultiInputModel has two submodules '", branch.name,
                            "'; every branch needs a name of its own, other than head");
        const bool known = std::all_of(branch.inputs.begin(), branch.inputs.end(), [](int64_t i) { return i >= 0; });
        require<UsageError>(!branch.inputs.empty() && known, "Branch '", branch.name,
                            "' needs the numbers of the inputs that it takes, counted from 0");
        require<UsageError>(branch.width >= 1, "Branch '", branch.name,
                            "' needs its width, the numbers a row that its module gives");
    }
}

void check_head(const MultiInputModelOptions& options) {
    const bool valid = std::all_of(options.layers.begin(), options.layers.end(), [](int64_t n) { return n >= 1; });
    require<UsageError>(options.n_out >= 1 && valid,
                        "Invalid sizes of a MultiInputModel's head: n_out and every layer must be at least 1");
    require<UsageError>(options.ps >= 0 && options.ps < 1, "Invalid ps ", options.ps,
                        ": it must be at least 0 and below 1");
    check_y_range(options.y_range);
}

torch::nn::Sequential make_head(int64_t width, const MultiInputModelOptions& options) {
    torch::nn::Sequential head;
    for (const int64_t next : options.layers) {
        head->push_back(
            LinBnDrop(LinBnDropOptions{.n_in = width, .n_out = next, .p = options.ps, .act = true, .lin_first = true}));
        width = next;
    }
    head->push_back(LinBnDrop(LinBnDropOptions{.n_in = width, .n_out = options.n_out, .bn = false}));
    return head;
}

/// What `branch` makes of the batch's inputs.
at::Tensor answer_of(const Branch& branch, const Tensors& inputs) {
    Tensors arguments;
    for (const int64_t i : branch.inputs) {
        require(i < static_cast<int64_t>(inputs.size()), "Branch '", branch.name, "' takes input ", i,
                ", counted from 0, but the batch has ", inputs.size());
        arguments.push_back(inputs[static_cast<size_t>(i)]);
    }
    Tensors answers = branch.forward(*branch.module, arguments);
    require(answers.size() == 1, "Branch '", branch.name, "' gives ", answers.size(), " tensors, where one is needed");
    const at::Tensor& answer = answers.front();
    require(answer.dim() == 2 && answer.size(1) == branch.width, "Branch '", branch.name, "' gives a tensor of shape ",
            answer.sizes(), ", where (n, ", branch.width, ") is needed");
    return answer;
}

}  // namespace

MultiInputModelImpl::MultiInputModelImpl(std::vector<Branch> branches_, const MultiInputModelOptions& options_)
    : branches(std::move(branches_)), options(options_) {
    check_branches(branches);
    check_head(options);
    register_branches();
}

void MultiInputModelImpl::reset() {
    for (Branch& branch : branches) branch.module = branch.module->clone();
    register_branches();
}

void MultiInputModelImpl::register_branches() {
    int64_t width = 0;
    for (const Branch& branch : branches) {
        register_module(branch.name, branch.module);
        width += branch.width;
    }
    head = register_module("head", make_head(width, options));
}

at::Tensor MultiInputModelImpl::forward(const Tensors& inputs) {
    Tensors answers;
    for (const Branch& branch : branches) answers.push_back(answer_of(branch, inputs));
    const at::Tensor outputs = head->forward(at::cat(answers, 1));
    return options.y_range.empty() ? outputs : sigmoid_range(outputs, options.y_range);
}

}  // namespace embark
