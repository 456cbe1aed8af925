#pragma once

#include <cstdint>

#include "optimizer.h"

namespace embark {

// fastai's optimizers besides adam(), and Adagrad, with its formulas and defaults (fastai/optimizer.py of 2.8.12). For
// all of them: g is the gradient, m and v are averages of gradients and of their squares as in adam(), t is the number
// of the parameter's steps, and "lr" is 1e-3 until it is set. With `decouple_wd` a step begins with p ← p·(1 − lr·wd),
// else with g ← g + wd·p (L2). Where the momentum is 0 there is no m and no "mom", so that no schedule can switch it
// on. Settings that can never be right throw UsageError.

/// fastai's defaults for SGD.
struct SgdOptions {
    double momentum = 0;      ///< "mom": how much of m a step keeps
    double weight_decay = 0;  ///< "wd"
    bool decouple_wd = true;  ///< as AdamOptions::decouple_wd
};
/// Deprecated name of SgdOptions.
using SGDOptions [[deprecated("SgdOptions since 0.2")]] = SgdOptions;

/// p ← p − lr·m with m ← mom·m + g, or p ← p − lr·g where the momentum is 0.
OptimizerFactory sgd(const SgdOptions& options = {});

/// PyTorch's defaults for Adagrad, but for its eps, 1e-10, which single precision cannot tell from 0.
struct AdagradOptions {
    double eps = 1e-8;        ///< "eps": added to the denominator
    double weight_decay = 0;  ///< "wd"
    bool decouple_wd = true;  ///< as AdamOptions::decouple_wd
};

/// p ← p − lr·g / (√s + eps) with s ← s + g² (Duchi et al. 2011), the optimizer of choice for lazy updates of large
/// embeddings: rows that come up rarely keep a large rate. fastai has none; the formula is PyTorch's.
OptimizerFactory adagrad(const AdagradOptions& options = {});

/// fastai's defaults for RMSProp. fastai ignores its own `eps` and always takes 1e-8; here it counts.
struct RMSPropOptions {
    double momentum = 0;         ///< "mom": how much of m a step keeps
    double sqr_momentum = 0.99;  ///< "sqr_mom": how much of v a step keeps
    double eps = 1e-8;           ///< "eps": added to the denominator
    double weight_decay = 0;     ///< "wd"
    bool decouple_wd = true;     ///< as AdamOptions::decouple_wd
};

/// p ← p − lr·m / (√v + eps) with v ← sqr_mom·v + (1 − sqr_mom)·g², and m as in sgd(), or g where the momentum is 0.
OptimizerFactory rmsprop(const RMSPropOptions& options = {});

/// fastai's defaults for RAdam.
struct RAdamOptions {
    double momentum = 0.9;       ///< "mom": how much of m a step keeps
    double sqr_momentum = 0.99;  ///< "sqr_mom": how much of v a step keeps
    double eps = 1e-5;           ///< "eps": added to the denominator
    double weight_decay = 0;     ///< "wd"
    /// Above 0, the denominator d becomes log(1 + exp(beta·d)) / beta: SAdam.
    double beta = 0;
    bool decouple_wd = true;  ///< as AdamOptions::decouple_wd
};

/// Adam that waits until its second average can be relied on (Liu et al. 2019, arXiv:1908.03265). With
/// r∞ = 2/(1 − sqr_mom) − 1 and r = r∞ − 2·t·sqr_mom^t/(1 − sqr_mom^t), it is adam()'s step times
/// √((r − 4)(r − 2)·r∞ / ((r∞ − 4)(r∞ − 2)·r)) where r > 5, else p ← p − lr/(1 − mom^t)·m.
OptimizerFactory radam(const RAdamOptions& options = {});

/// fastai's defaults for QHAdam.
struct QHAdamOptions {
    double momentum = 0.999;      ///< "mom": how much of m a step keeps
    double sqr_momentum = 0.999;  ///< "sqr_mom": how much of v a step keeps
    double nu_1 = 0.7;            ///< how much of M, rather than of the gradient, a step goes along
    double nu_2 = 1;              ///< how much of V, rather than of the squared gradient, it is divided by
    double eps = 1e-8;            ///< "eps": added to the denominator
    double weight_decay = 0;      ///< "wd"
    bool decouple_wd = true;      ///< as AdamOptions::decouple_wd
};

/// Adam between its averages and the gradient at hand (Ma and Yarats 2018, arXiv:1810.06801). With M = m/(1 − mom^t)
/// and V = v/(1 − sqr_mom^t): p ← p − lr·((1 − nu_1)·g + nu_1·M) / (√((1 − nu_2)·g² + nu_2·V) + eps).
OptimizerFactory qhadam(const QHAdamOptions& options = {});

/// fastai's defaults for LARC.
struct LarcOptions {
    double momentum = 0.9;  ///< "mom": how much of m a step keeps
    /// Whether no parameter's rate goes above lr: LARC. Without it, LARS.
    bool clip = true;
    double trust_coeff = 0.02;  ///< how fast a parameter moves for its size: the factor of ‖p‖/‖g‖ in its rate
    double eps = 1e-8;          ///< "eps": added to the denominator
    double weight_decay = 0;    ///< "wd"
    bool decouple_wd = true;    ///< as AdamOptions::decouple_wd
};

/// SGD whose rate fits each parameter's size (You et al. 2017, arXiv:1708.03888): sgd()'s step with the rate
/// min(lr, lr·trust_coeff·‖p‖ / (‖g‖ + wd·‖p‖ + eps)). As in fastai, wd counts there also for parameters that do not
/// decay. Unlike in fastai, where p or g is all 0 the rate is lr: parameters that begin at 0 would never move.
OptimizerFactory larc(const LarcOptions& options = {});

/// fastai's defaults for LAMB.
struct LambOptions {
    double momentum = 0.9;       ///< "mom": how much of m a step keeps
    double sqr_momentum = 0.99;  ///< "sqr_mom": how much of v a step keeps
    double eps = 1e-5;           ///< "eps": added to the denominator
    double weight_decay = 0;     ///< "wd"
    bool decouple_wd = true;     ///< as AdamOptions::decouple_wd
};

/// Adam whose step fits each parameter's size (You et al. 2019, arXiv:1904.00962): with M and V as in qhadam() and
/// s = M / (√V + eps), p ← p − lr·q·s, where q = min(‖p‖/‖s‖, 10), or 1 where one of the norms is 0.
OptimizerFactory lamb(const LambOptions& options = {});

/// fastai's defaults for Lookahead.
struct LookaheadOptions {
    /// How many steps `fast` takes before the slow weights follow.
    int64_t k = 6;
    /// What part of the way they follow.
    double alpha = 0.5;
};

/// Steps by an optimizer of `fast`, and pulls the parameters back to slow weights w after every k-th step (Zhang et al.
/// 2019, arXiv:1907.08610): w ← w + alpha·(p − w), then p ← w. The slow weights begin as the parameters are before the
/// first step; after parameters were set from elsewhere call clear_state(), or they are pulled back to what they were.
/// Hyper-parameters and state are those of `fast`; to the state come "<parameter's name>.slow_weight" and
/// "lookahead.count".
OptimizerFactory lookahead(OptimizerFactory fast, const LookaheadOptions& options = {});

/// fastai's defaults for ranger.
struct RangerOptions {
    double momentum = 0.95;      ///< as RAdamOptions::momentum
    double sqr_momentum = 0.99;  ///< as RAdamOptions::sqr_momentum
    double eps = 1e-6;           ///< as RAdamOptions::eps
    double weight_decay = 0.01;  ///< as RAdamOptions::weight_decay
    double beta = 0;             ///< as RAdamOptions::beta
    bool decouple_wd = true;     ///< as RAdamOptions::decouple_wd
    int64_t k = 6;               ///< as LookaheadOptions::k
    double alpha = 0.5;          ///< as LookaheadOptions::alpha
};

/// lookahead() around radam().
OptimizerFactory ranger(const RangerOptions& options = {});

}  // namespace embark
