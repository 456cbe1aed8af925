#include "size_formula.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <ATen/core/ivalue.h>
#include <torch/csrc/jit/ir/ir.h>

namespace embark {

namespace {

/// With fewer different sizes a formula may fit by chance.
constexpr size_t kFewestSizes = 4;

/// What sizes are divided by in networks: strides and pools.
constexpr int64_t kLargestDivisor = 8;

int64_t divide_down(int64_t a, int64_t b) {
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

}  // namespace

int64_t SizeFormula::value_of(const Monomial& monomial, const std::vector<int64_t>& sizes) {
    int64_t product = 1;
    for (const size_t i : monomial) product *= i < sizes.size() ? sizes[i] : 1;
    return product;
}

int64_t SizeFormula::integer(const std::vector<int64_t>& sizes) const {
    return a_ * divide_down(value_of(s_, sizes) + shift_, divisor_) + b_ * value_of(t_, sizes);
}

std::optional<SizeFormula> SizeFormula::checked(const std::vector<int64_t>& values, const Sizes& sizes) const {
    for (size_t i = 0; i < values.size(); ++i) {
        if (integer(sizes[i]) != values[i]) return std::nullopt;
    }
    return *this;
}

std::optional<SizeFormula> SizeFormula::find_sum(const std::vector<int64_t>& values, const Sizes& sizes) {
    const size_t n = sizes.front().size();
    std::vector<Monomial> monomials;
    for (size_t i = 0; i < n; ++i) monomials.push_back({i, n});
    for (size_t i = 0; i < n; ++i) {
        for (size_t j = i; j < n; ++j) monomials.push_back({i, j});
    }
    SizeFormula formula;
    formula.t_ = {n, n};
    for (const Monomial& s : monomials) {
        formula.s_ = s;
        formula.a_ = values[0] / value_of(s, sizes[0]);
        if (auto found = formula.checked(values, sizes)) return found;
    }
    monomials.insert(monomials.begin(), {n, n});
    for (const Monomial& t : monomials) {
        for (const Monomial& s : monomials) {
            const int64_t s0 = value_of(s, sizes[0]), s1 = value_of(s, sizes[1]);
            const int64_t t0 = value_of(t, sizes[0]), t1 = value_of(t, sizes[1]);
            const int64_t determinant = s0 * t1 - s1 * t0;
            if (determinant == 0) continue;
            formula.s_ = s;
            formula.t_ = t;
            formula.a_ = (values[0] * t1 - values[1] * t0) / determinant;
            formula.b_ = (values[1] * s0 - values[0] * s1) / determinant;
            if (auto found = formula.checked(values, sizes)) return found;
        }
    }
    return std::nullopt;
}

std::optional<SizeFormula> SizeFormula::find_quotient(const std::vector<int64_t>& values, const Sizes& sizes) {
    const size_t n = sizes.front().size();
    std::optional<SizeFormula> found;
    SizeFormula formula;
    formula.t_ = {n, n};
    for (size_t i = 0; i < n; ++i) {
        formula.s_ = {i, n};
        for (formula.divisor_ = 2; formula.divisor_ <= kLargestDivisor; ++formula.divisor_) {
            for (formula.shift_ = -kLargestDivisor; formula.shift_ <= kLargestDivisor; ++formula.shift_) {
                const auto fitting = formula.with_factors(values, sizes);
                if (!fitting) continue;
                if (found && !found->is_same_function(*fitting, n)) return std::nullopt;
                found = fitting;
            }
        }
    }
    return found;
}

std::optional<SizeFormula> SizeFormula::with_factors(const std::vector<int64_t>& values, const Sizes& sizes) const {
    const auto quotient = [&](size_t at) { return divide_down(value_of(s_, sizes[at]) + shift_, divisor_); };
    size_t other = 1;
    while (other < sizes.size() && quotient(other) == quotient(0)) ++other;
    if (other == sizes.size()) return std::nullopt;
    SizeFormula formula = *this;
    formula.a_ = (values[other] - values[0]) / (quotient(other) - quotient(0));
    formula.b_ = values[0] - formula.a_ * quotient(0);
    return formula.checked(values, sizes);
}

bool SizeFormula::is_same_function(const SizeFormula& other, size_t n_sizes) const {
    if (s_ != other.s_) return false;
    for (int64_t size = 1; size <= kLargestDivisor * kLargestDivisor; ++size) {
        const std::vector<int64_t> sizes(n_sizes, size);
        if (integer(sizes) != other.integer(sizes)) return false;
    }
    return true;
}

std::optional<SizeFormula> SizeFormula::find_real(const std::vector<double>& values, const Sizes& sizes) {
    const size_t n = sizes.front().size();
    SizeFormula formula;
    formula.is_float_ = true;
    for (const bool over_size : {false, true}) {
        for (size_t i = 0; i < n; ++i) {
            const auto size = [&](size_t at) { return static_cast<double>(sizes[at][i]); };
            formula.s_ = {i, n};
            formula.over_size_ = over_size;
            formula.real_ = over_size ? values[0] * size(0) : values[0] / size(0);
            bool fits = formula.real_ != 0 && std::isfinite(formula.real_);
            for (size_t at = 0; at < values.size() && fits; ++at) {
                const double given = over_size ? formula.real_ / size(at) : formula.real_ * size(at);
                fits = std::abs(given - values[at]) <= 1e-14 * std::abs(given);
            }
            if (fits) return formula;
        }
    }
    return std::nullopt;
}

std::optional<SizeFormula> SizeFormula::find(const std::vector<c10::IValue>& values, const Sizes& sizes) {
    if (std::set(sizes.begin(), sizes.end()).size() < kFewestSizes) return std::nullopt;
    std::vector<double> reals;
    std::vector<int64_t> integers;
    for (const c10::IValue& value : values) {
        if (!value.isInt() && !value.isDouble()) return std::nullopt;
        if (value.isInt() != values.front().isInt()) return std::nullopt;
        reals.push_back(value.isInt() ? static_cast<double>(value.toInt()) : value.toDouble());
        if (value.isInt()) {
            integers.push_back(value.toInt());
        } else if (reals.back() == std::trunc(reals.back()) && std::abs(reals.back()) < 1e15) {
            integers.push_back(static_cast<int64_t>(reals.back()));
        }
    }
    std::optional<SizeFormula> formula;
    if (integers.size() == values.size()) {
        formula = find_sum(integers, sizes);
        if (!formula) formula = find_quotient(integers, sizes);
    }
    if (formula) {
        formula->is_float_ = values.front().isDouble();
    } else if (values.front().isDouble()) {
        formula = find_real(reals, sizes);
    }
    return formula;
}

torch::jit::Value* SizeFormula::emit(torch::jit::Graph& graph, const std::vector<torch::jit::Value*>& sizes) const {
    using torch::jit::Value;
    const auto term = [&](int64_t factor, const Monomial& monomial) -> Value* {
        Value* product = nullptr;
        for (const size_t i : monomial) {
            if (i >= sizes.size()) continue;
            product = product ? graph.insert(c10::aten::mul, {product, sizes[i]}) : sizes[i];
        }
        if (!product) return graph.insertConstant(factor);
        return factor == 1 ? product : graph.insert(c10::aten::mul, {product, factor});
    };
    if (real_ != 0) {
        Value* size = graph.insert(c10::aten::Float, {term(1, s_)});
        Value* real = graph.insertConstant(real_);
        return graph.insert(over_size_ ? c10::aten::div : c10::aten::mul, {real, size});
    }
    Value* number = divisor_ == 1 ? term(a_, s_) : term(1, s_);
    if (divisor_ != 1) {
        number = graph.insert(c10::aten::add, {number, shift_});
        number = graph.insert(c10::aten::floordiv, {number, divisor_});
        number = graph.insert(c10::aten::mul, {number, a_});
    }
    if (b_ != 0) number = graph.insert(c10::aten::add, {number, term(b_, t_)});
    return is_float_ ? graph.insert(c10::aten::Float, {number}) : number;
}

}  // namespace embark
