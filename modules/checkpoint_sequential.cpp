#include "checkpoint_sequential.h"

#include <algorithm>
#include <vector>

#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/torch.h>

#include "../core/detail/autocast_scope.h"
#include "../core/error.h"
#include "../core/tensors.h"

namespace embark {

namespace {

/// Some blocks, and what was there when they ran.
struct Segment : torch::CustomClassHolder {
    std::vector<torch::nn::AnyModule> blocks;
    /// Each once.
    Tensors parameters, buffers;

    Tensors buffers_before;
    at::Tensor random_before;
    bool autocast = false;
    at::ScalarType autocast_type = at::kFloat;
    at::DeviceType device = at::kCPU;
    bool input_has_gradient = false;
};

at::Tensor run(Segment& segment, at::Tensor x) {
    for (torch::nn::AnyModule& block : segment.blocks) x = block.forward<at::Tensor>(x);
    return x;
}

Tensors copies(const Tensors& tensors) {
    Tensors copied;
    for (const at::Tensor& tensor : tensors) copied.push_back(tensor.detach().clone());
    return copied;
}

/// Gives buffers and random numbers back as they were, however the scope is left.
class BufferScope {
public:
    explicit BufferScope(const Segment& segment)
        : segment_(segment), buffers_(copies(segment.buffers)), random_(rng_state()) {
        set(segment.buffers_before, segment.random_before);
    }
    ~BufferScope() { set(buffers_, random_); }
    BufferScope(const BufferScope&) = delete;
    BufferScope& operator=(const BufferScope&) = delete;

private:
    void set(const Tensors& buffers, const at::Tensor& random) {
        const torch::NoGradGuard no_grad;
        for (size_t i = 0; i < buffers.size(); ++i) at::Tensor(segment_.buffers[i]).copy_(buffers[i]);
        set_rng_state(random);
    }

    const Segment& segment_;
    Tensors buffers_;
    at::Tensor random_;
};

class CheckpointNode : public torch::autograd::Function<CheckpointNode> {
public:
    /// `inputs` are the segment's input, then its parameters.
    static at::Tensor forward(torch::autograd::AutogradContext* context, const c10::intrusive_ptr<Segment>& segment,
                              at::TensorList inputs) {
        segment->input_has_gradient = inputs.front().requires_grad();
        segment->buffers_before = copies(segment->buffers);
        segment->random_before = rng_state();
        segment->device = inputs.front().device().type();
        segment->autocast = at::autocast::is_autocast_enabled(segment->device);
        segment->autocast_type = at::autocast::get_autocast_dtype(segment->device);
        context->save_for_backward(inputs.vec());
        context->saved_data["segment"] = torch::IValue::make_capsule(segment);
        // In a scope of its own, whose end forgets the short copies of weights that were made without a graph.
        const AutocastScope autocast(segment->device, segment->autocast, segment->autocast_type);
        return run(*segment, inputs.front());
    }

    static Tensors backward(torch::autograd::AutogradContext* context, Tensors of_outputs) {
        require(!at::GradMode::is_enabled(),
                "checkpoint_sequential has no second derivatives; call the blocks themselves");
        const auto segment = c10::static_intrusive_pointer_cast<Segment>(context->saved_data.at("segment").toCapsule());
        const at::Tensor input =
            context->get_saved_variables().front().detach().requires_grad_(segment->input_has_gradient);
        Tensors wanted = segment->parameters;
        if (segment->input_has_gradient) wanted.insert(wanted.begin(), input);
        const BufferScope as_then(*segment);
        const at::AutoGradMode records(true);
        at::Tensor output;
        {
            const AutocastScope autocast(segment->device, segment->autocast, segment->autocast_type);
            output = run(*segment, input);
        }
        Tensors gradients = torch::autograd::grad({output}, wanted, of_outputs, /*retain_graph=*/false,
                                                  /*create_graph=*/false, /*allow_unused=*/true);
        if (!segment->input_has_gradient) gradients.insert(gradients.begin(), at::Tensor());
        gradients.insert(gradients.begin(), at::Tensor());  // of the segment
        return gradients;
    }
};

template <class Values>
void add_each_once(const Values& values, Tensors& to) {
    for (const at::Tensor& value : values) {
        const bool known =
            std::any_of(to.begin(), to.end(), [&](const at::Tensor& other) { return other.is_same(value); });
        if (!known) to.push_back(value);
    }
}

c10::intrusive_ptr<Segment> segment_of(const torch::nn::Sequential& blocks, int64_t first, int64_t last) {
    auto segment = c10::make_intrusive<Segment>();
    for (int64_t i = first; i < last; ++i) {
        segment->blocks.push_back(*(blocks->begin() + i));
        const auto module = segment->blocks.back().ptr();
        add_each_once(module->parameters(), segment->parameters);
        add_each_once(module->buffers(), segment->buffers);
    }
    std::erase_if(segment->parameters, [](const at::Tensor& parameter) { return !parameter.requires_grad(); });
    return segment;
}

}  // namespace

at::Tensor checkpoint_sequential(const torch::nn::Sequential& blocks, int64_t segments, const at::Tensor& input) {
    require<UsageError>(!blocks.is_empty(), "checkpoint_sequential was given no blocks");
    const auto n = static_cast<int64_t>(blocks->size());
    require<UsageError>(segments >= 1 && segments <= n, "Invalid number of segments ", segments, " of ", n,
                        " blocks: it must be from 1 to as many as there are blocks");
    const int64_t length = n / segments, last = length * (segments - 1);
    at::Tensor x = input;
    const bool records = at::GradMode::is_enabled() && !torch::jit::tracer::isTracing();
    for (int64_t first = 0; first < last; first += length) {
        const auto segment = segment_of(blocks, first, first + length);
        Tensors inputs = segment->parameters;
        inputs.insert(inputs.begin(), x);
        x = records ? CheckpointNode::apply(segment, at::TensorList(inputs)) : run(*segment, x);
    }
    return run(*segment_of(blocks, last, n), x);
}

}  // namespace embark
