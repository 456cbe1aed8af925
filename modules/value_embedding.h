#pragma once

#include <vector>

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/pimpl.h>

namespace embark {

/// Settings of a ValueEmbedder.
struct ValueEmbeddingOptions {
    /// The values of each number that have an embedding, ascending; empty for a number that gets none.
    std::vector<std::vector<double>> values = {};
    /// Width of the embeddings.
    int64_t width = 16;
};
/// Deprecated name of ValueEmbeddingOptions.
using ValueEmbedding [[deprecated("ValueEmbeddingOptions since 0.2")]] = ValueEmbeddingOptions;

/// The distinct values of each column of x, (n, n_cont), as floats, ascending; none for a column that has more than
/// `at_most`, or a single one.
std::vector<std::vector<double>> few_values(const at::Tensor& x, int64_t at_most);

/// Numbers of few values as categories: x is (n, n_cont), the result (n, numbers with values · width), an embedding of
/// the value nearest to each number, of two as near the lower. A network that sees a number alone learns a smooth
/// function of it; what a single value means (a gain of exactly 99,999 that stands for "or more") it learns from this.
///
/// Parameter: `embeddings.weight` (values of all numbers, width). Buffers: `columns` (numbers with values) says which
/// they are, `between` (those, most values − 1) the middles between their values, infinite behind the last, `first`
/// (those) the row of each number's first value.
///
/// Throws UsageError for a width below 1, values that are not finite and ascending as floats, and where no number has
/// any.
class ValueEmbedderImpl : public torch::nn::Cloneable<ValueEmbedderImpl> {
public:
    /// Throws as the class says.
    explicit ValueEmbedderImpl(ValueEmbeddingOptions options);
    void reset() override;
    void pretty_print(std::ostream& stream) const override;
    /// Embeddings (n, n_out()) for x (n, n_cont).
    at::Tensor forward(const at::Tensor& x);

    /// Numbers that it makes of a row.
    int64_t n_out() const;

    ValueEmbeddingOptions options;             ///< what it was made with
    at::Tensor columns,                        ///< which numbers have values
        between,                               ///< the middles between their values
        first;                                 ///< rows of their first values
    torch::nn::Embedding embeddings{nullptr};  ///< a row for each value of each number
};
TORCH_MODULE(ValueEmbedder);

}  // namespace embark
