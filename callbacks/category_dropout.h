#pragma once

#include <memory>

#include "callback.h"

namespace embark {

/// Replaces a random share of the categories in each training batch by 0, the number of `#na#`, drawn anew each time.
/// So the model learns what to make of a category that it does not know, also where the training rows have none
/// missing. The categories are input 0 of a batch, int64.
class CategoryDropout : public Callback {
public:
    /// Throws UsageError unless 0 <= share < 1.
    explicit CategoryDropout(double share = 0.01);
    std::string name() const override { return "hide_categories"; }
    std::string settings() const override;

    void before_batch(TrainingState& state) override;

private:
    double share_;
};
/// Deprecated name of CategoryDropout.
using HideCategories [[deprecated("CategoryDropout since 0.2")]] = CategoryDropout;

/// A CategoryDropout, as something to give a Learner.
std::shared_ptr<CategoryDropout> category_dropout(double share = 0.01);

}  // namespace embark
