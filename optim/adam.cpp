#include <array>
#include <cmath>
#include <vector>

#include <torch/types.h>

#include "../core/detail/parallel.h"
#include "detail/row_update.h"
#include "detail/settings.h"
#include "optimizer.h"

namespace embark {

namespace {

/// Adam on LibTorch's fused kernels, which do all of it in one pass over the tensors.
class AdamStep {
public:
    explicit AdamStep(bool decouple_wd) : decouple_wd_(decouple_wd) {}

    void operator()(DenseUpdate& part) {
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
    void set_steps(const DenseUpdate& part) {
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

    void operator()(const RowUpdate& part) const {
        const rows::AdamConstants c = constants(part);
        const rows::Touched touched = rows::touched_by(part);
        float *p = part.values(part.parameter), *m = part.values(part.state[0]), *v = part.values(part.state[1]);
        if (part.lazy) return rows::adam_touched(p, m, v, touched, c);
        if (c.mom > 0 && c.sqr_mom > 0) {
            rows::adam_add_gradients(m, v, touched, c);
            return move_all(part, c);
        }
        // The touched rows as they were are put back after all rows moved as if untouched, and then take their step.
        const auto n = static_cast<size_t>(touched.count * touched.width);
        const std::array tables{p, m, v};
        std::array<std::vector<float>, 3> before;
        for (size_t k = 0; k < 3; ++k) {
            before[k].resize(n);
            rows::take_rows(tables[k], before[k].data(), touched);
        }
        move_all(part, c);
        for (size_t k = 0; k < 3; ++k) rows::scatter_rows(tables[k], before[k].data(), touched);
        rows::adam_touched(p, m, v, touched, c);
    }

private:
    /// Numbers that are worth a thread: some 30 µs. Threads that wait for less cost more than they bring.
    static constexpr int64_t kGrain = 1 << 18;

    static void move_all(const RowUpdate& part, const rows::AdamConstants& c) {
        float *p = part.values(part.parameter), *m = part.values(part.state[0]), *v = part.values(part.state[1]);
        parallel_for(part.parameter.numel(), kGrain, [&](int64_t begin, int64_t end) {
            rows::adam_untouched(p + begin, m + begin, v + begin, end - begin, c);
        });
    }

    rows::AdamConstants constants(const RowUpdate& part) const {
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
