#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../../../callbacks/parallel/detail/row_exchange.h"
#include "../../../core/range.h"
#include "../../detail/train_step.h"
#include "batch_rows.h"
#include "choose_step.h"
#include "dot_product_kernels.h"
#include "fused_step_guard.h"

namespace embark {

/// The tables of a DotProduct or DotProductBias.
struct DotProductTables {
    at::Tensor user_factors, item_factors;  // (rows, width)
    at::Tensor user_bias, item_bias;        // (rows, 1), undefined without biases
    Range y_range;
    bool sparse = false;  // whether autograd's gradients would be

    /// Those that there are.
    Tensors all() const;
};

/// The step of a DotProduct or DotProductBias with MSE, without autograd: forward, loss and gradients of the rows that
/// the batch touches, which Optimizer::step_rows takes over. It computes what AutogradStep does, to rounding, and sends
/// the same events. Large batches are shared by LibTorch's threads without a race: predictions and the gradients of
/// users by users, then those of items by items, and the optimizer's step by rows. Each row so is one thread's, which
/// adds its ratings up in the order of the batch, and weights are the same bits for any number of threads. Threads that
/// write without waiting for one another (Hogwild, Recht et al. 2011) would spare two waits a batch, and with them
/// every fit would end elsewhere, and a resumed one not where the undisturbed one does. Batches that it does not know,
/// such as weighted ones, and parameters with hooks or with gradients of a batch that was left, it leaves to an
/// AutogradStep; model and optimizer are up to date after every step, so that the two can take turns.
class FusedCollabStep : public TrainStep {
public:
    explicit FusedCollabStep(DotProductTables tables) : tables_(std::move(tables)), guard_(tables_.all()) {}
    void run(StepContext& step) override;

private:
    /// What a batch has of users, or of items.
    struct Side {
        BatchRows rows;
        std::vector<float> gradient, bias_gradient;  // of rows.distinct

        void take(const int64_t* column, int64_t count, const at::Tensor& table, const char* what);
        dot_kernels::Gradients gradients() { return {gradient.data(), bias_gradient.data()}; }
        /// The rows and their gradients, as views.
        TouchedRows touched(int64_t width);
        /// Takes the rows that any process touched, with the sums of their gradients: the same bits in all.
        void add_up(const std::vector<std::vector<TouchedRows>>& of_ranks, size_t table);
    };

    static bool supports(const Batch& batch);
    at::Tensor forward(const Batch& batch);
    bool train(StepContext& step);
    void keep_gradients(TrainingState& state) const;
    void take_rows(const at::Tensor& x);
    void backward(TrainingState& state);

    DotProductTables tables_;
    FusedStepGuard guard_;
    AutogradStep autograd_;
    Side users_, items_;
    std::vector<float> slopes_;
    std::vector<double> losses_;
    double loss_ = 0;
};

/// Offers a FusedCollabStep for a DotProduct or DotProductBias.
StepOffer offer_fused_collab_step(const FitParts& fit);

}  // namespace embark
