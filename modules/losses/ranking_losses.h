#pragma once

#include "loss.h"

namespace embark {

// Losses of rankings, for implicit feedback: no target says what an item is worth, only that a user had it.

/// Full softmax over the catalogue, the multinomial likelihood (Liang et al. 2018): predictions are vectors of users (n,
/// width), those of all items (items, width) and the items' biases (items), as RankingModel gives them; targets are what
/// each user had, (n, most) int64, −1 after the last one, and how much each counts, (n, most), 0 there. Item 0, which
/// stands for unknown ones, is not in the catalogue.
///
///     loss of user u = Σ_i w_ui (log Σ_j exp s_uj − s_ui) / Σ_i w_ui,   s_ui = U_u · V_i + b_i
///
/// The mean over users weighs each by Σ_i w_ui: it is that over all pairs. Scores are made for some users at a time, with
/// their gradients, so that no matrix (n, items) is kept; second derivatives are not there.
Loss catalogue_softmax_loss();

// The losses below are of pairs: predictions (n, 1 + m) are the scores of an item that the user had, and of m negatives
// that were drawn; the target, (n, 1 + m), is what with_negatives adds: the logarithm of how often each item is drawn
// into the row on average, 0 for the first.

/// Softmax over the item and its negatives, whose scores are lowered by the target, which makes the sum over the
/// negatives that of the whole catalogue on average (logQ correction; Bengio and Senécal 2008, Yi et al. 2019).
Loss sampled_softmax_loss();

/// Bayesian personalised ranking (Rendle et al. 2009): the mean over negatives of −log σ(s⁺ − s⁻).
Loss bpr_loss();

/// Binary cross-entropy of the item, and of each of its negatives: −log σ(s⁺) − Σ log σ(−s⁻).
Loss negatives_bce_loss();

}  // namespace embark
