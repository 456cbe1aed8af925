#include <embark/core/forward_any.h>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>

namespace embark {
namespace forward_any_test {

using at::Tensor;

struct OfNine {
    Tensor forward(Tensor a, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, const Tensor& i) { return a + i; }
};
struct Pair {
    std::pair<Tensor, Tensor> forward(const Tensor& x, const Tensor& y = {}) { return {x, y.defined() ? y : -x}; }
};
struct Array {
    std::array<Tensor, 3> forward(const Tensors& x) { return {x[0], x[1], x[0] + x[1]}; }
};
struct Nested {
    std::tuple<Tensor, std::pair<Tensors, Tensor>> forward(const Tensor& x) { return {x, {{x, x}, x}}; }
};

template <class Module>
std::vector<double> called(size_t n) {
    Module module;
    Tensors inputs;
    for (size_t i = 0; i < n; ++i) inputs.push_back(torch::tensor(static_cast<double>(i + 1)));
    std::vector<double> numbers;
    for (const at::Tensor& output : detail::forward_any(module, inputs)) numbers.push_back(output.item<double>());
    return numbers;
}

TEST(ForwardAny, takes_up_to_sixteen_tensors_and_gives_those_of_pairs_arrays_and_tuples) {
    using Numbers = std::vector<double>;
    EXPECT_EQ(called<OfNine>(9), (Numbers{10}));
    EXPECT_EQ(called<Pair>(1), (Numbers{1, -1}));
    EXPECT_EQ(called<Pair>(2), (Numbers{1, 2}));
    EXPECT_EQ(called<Array>(2), (Numbers{1, 2, 3}));
    EXPECT_EQ(called<Nested>(1), (Numbers{1, 1, 1, 1}));
    EXPECT_THROW(called<OfNine>(8), Error);
}

}  // namespace forward_any_test
}  // namespace embark
