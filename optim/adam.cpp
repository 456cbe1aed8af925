#include <cmath>

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "optimizer.h"
#include "row_kernels.h"
#include "settings.h"
#include "update_rule.h"

namespace embark {

namespace {

/// Adam on LibTorch's fused kernels, which do all of it in one pass over the tensors.
class AdamStep {
public:
    explicit AdamStep(bool decouple_wd) : decouple_wd_(decouple_wd) {}

    void operator()(Part& part) {
        set_steps(part);
        auto &grad_avg = part.state.at("grad_avg"), &sqr_avg = part.state.at("sqr_avg");
        const double lr = part.hyper("lr"), mom = part.hyper("mom"), sqr_mom = part.hyper("sqr_mom");
        const double eps = part.hyper("eps");
        if (decouple_wd_) {
            at::_fused_adamw_(part.parameters, part.gradients, grad_avg, sqr_avg, /*max_exp_avg_sqs=*/{}, steps_, lr,
                              mom, sqr_mom, part.wd, eps, /*amsgrad=*/false, /*maximize=*/false);
        } else {
            at::_fused_adam_(part.parameters, part.gradients, grad_avg, sqr_avg, /*max_exp_avg_sqs=*/{}, steps_, lr,
                             mom, sqr_mom, part.wd, eps, /*amsgrad=*/false, /*maximize=*/false);
        }
    }

private:
    /// The kernels take the step's number as a tensor for each parameter, and only read it: one serves them all.
    void set_steps(const Part& part) {
        const auto device = part.parameters.front().device();
        if (!step_.defined() || step_.device() != device) {
            step_ = torch::zeros({}, torch::dtype(torch::kFloat).device(device));
        }
        step_.fill_(part.step);
        steps_.assign(part.parameters.size(), step_);
    }

    bool decouple_wd_;
    at::Tensor step_;
    std::vector<at::Tensor> steps_;
};

/// Adam of a table whose gradient is given by rows.
class AdamRows {
public:
    explicit AdamRows(bool decouple_wd) : decouple_wd_(decouple_wd) {}

    void operator()(const RowPart& part) {
        const rows::AdamConstants c = constants(part);
        if (!part.lazy && c.mom > 0 && c.sqr_mom > 0) {
            rows::adam_add_gradients(part.values(part.state[0]), part.values(part.state[1]), part.touched, c);
            return move_all(part, c);
        }
        take_touched(part);
        rows::adam_step(p_.data(), m_.data(), v_.data(), part.touched.gradients,
                        part.touched.count * part.touched.width, c);
        // All rows as if untouched, in one go through memory; the touched ones are put right after it.
        if (!part.lazy) move_all(part, c);
        rows::put_rows(part.values(part.parameter), p_.data(), part.touched);
        rows::put_rows(part.values(part.state[0]), m_.data(), part.touched);
        rows::put_rows(part.values(part.state[1]), v_.data(), part.touched);
    }

private:
    /// Numbers that are worth a thread: some 30 µs. Threads that wait for less cost more than they bring.
    static constexpr int64_t kGrain = 1 << 18;

    void take_touched(const RowPart& part) {
        const auto touched = static_cast<size_t>(part.touched.count * part.touched.width);
        if (p_.size() < touched) {
            for (auto* buffer : {&p_, &m_, &v_}) buffer->resize(touched);
        }
        rows::take_rows(part.values(part.parameter), p_.data(), part.touched);
        rows::take_rows(part.values(part.state[0]), m_.data(), part.touched);
        rows::take_rows(part.values(part.state[1]), v_.data(), part.touched);
    }

    static void move_all(const RowPart& part, const rows::AdamConstants& c) {
        float *p = part.values(part.parameter), *m = part.values(part.state[0]), *v = part.values(part.state[1]);
        at::parallel_for(0, part.parameter.numel(), kGrain, [&](int64_t begin, int64_t end) {
            rows::adam_untouched(p + begin, m + begin, v + begin, end - begin, c);
        });
    }

    rows::AdamConstants constants(const RowPart& part) const {
        const double lr = part.hyper("lr"), mom = part.hyper("mom"), sqr_mom = part.hyper("sqr_mom");
        return {.mom = static_cast<float>(mom),
                .sqr_mom = static_cast<float>(sqr_mom),
                .step_size = static_cast<float>(lr / debias(mom, part.step)),
                .rms_scale = static_cast<float>(1 / std::sqrt(debias(sqr_mom, part.step))),
                .eps = static_cast<float>(part.hyper("eps")),
                .decay = static_cast<float>(decouple_wd_ ? 1 - lr * part.wd : 1),
                .l2 = static_cast<float>(decouple_wd_ ? 0 : part.wd)};
    }

    bool decouple_wd_;
    std::vector<float> p_, m_, v_;  // new values of the touched rows
};

}  // namespace

OptimizerFactory adam(const AdamOptions& options) {
    return optimizer_of({.name = "Adam",
                         .hypers = {{"mom", below_one("momentum", options.momentum)},
                                    {"sqr_mom", below_one("sqr_momentum", options.sqr_momentum)},
                                    {"eps", above_zero("eps", options.eps)},
                                    {"wd", at_least_zero("weight_decay", options.weight_decay)}},
                         .state = {"grad_avg", "sqr_avg"},
                         .counts_steps = true,
                         .step = AdamStep(options.decouple_wd),
                         .step_rows = AdamRows(options.decouple_wd),
                         .moves_untouched_rows = options.decouple_wd});
}

}  // namespace embark
