#include "derived_numbers.h"

#include <algorithm>
#include <limits>
#include <span>

#include <ATen/ATen.h>

#include "../core/detail/parallel.h"
#include "../core/text.h"
#include "detail/same_distance.h"
#include "tabular_encoder.h"

namespace embark {

namespace {

/// Computes the means of one row after another.
class MeanTargets {
public:
    explicit MeanTargets(const Neighbours& rows)
        : rows_(rows),
          points_(rows.points.const_data_ptr<double>()),
          targets_(rows.targets.const_data_ptr<double>()),
          n_targets_(rows.targets.size(1)),
          distances_(static_cast<size_t>(rows.points.size(1))) {}

    /// `own`: the row to be left out; below 0: none.
    void operator()(const double* coordinates, int64_t own, double* means) {
        measure(coordinates);
        if (own >= 0)
            distances_[static_cast<size_t>(own)] = std::numeric_limits<double>::quiet_NaN();  // near to nothing
        find_nearest();
        std::fill(means, means + rows_.width(), 0.0);
        std::vector<int64_t> n(rows_.counts.size(), 0);
        for (size_t row = 0; row < distances_.size(); ++row) {
            // From the largest count down, since few rows are near.
            for (size_t c = n.size(); c-- > 0 && distances_[row] <= limit(c);) {
                ++n[c];
                add_targets(row, means + static_cast<int64_t>(c) * n_targets_);
            }
        }
        for (int64_t i = 0; i < rows_.width(); ++i) {
            const double mean = means[i] / static_cast<double>(n[static_cast<size_t>(i / n_targets_)]);
            // Equal means are equal in all of a file's forms then, whatever order these add up in: ranks tell equal
            // numbers from nearly equal ones.
            means[i] = static_cast<double>(static_cast<float>(mean));
        }
    }

private:
    /// Squares of the distances to all rows.
    void measure(const double* coordinates) {
        std::fill(distances_.begin(), distances_.end(), 0.0);
        const double* point = points_;
        for (size_t column = 0; column < rows_.columns.size(); ++column) {
            const double at = coordinates[column] / rows_.scales[column];
            for (double& distance : distances_) {
                const double apart = at - *point++;
                distance += apart * apart;
            }
        }
    }

    /// The distances of the nearest rows, ascending.
    void find_nearest() {
        const auto most = static_cast<size_t>(rows_.counts.back());
        nearest_.clear();
        for (const double distance : distances_) {
            if (nearest_.size() == most && !(distance < nearest_.front())) continue;
            if (distance != distance) continue;
            if (nearest_.size() == most) {
                std::pop_heap(nearest_.begin(), nearest_.end());
                nearest_.pop_back();
            }
            nearest_.push_back(distance);
            std::push_heap(nearest_.begin(), nearest_.end());
        }
        std::sort_heap(nearest_.begin(), nearest_.end());
    }

    /// NaN, which nothing is within, where a forged file's coordinates leave no distance that is a number.
    double limit(size_t count) const {
        if (nearest_.empty()) return std::numeric_limits<double>::quiet_NaN();
        const auto last = std::min(static_cast<size_t>(rows_.counts[count]), nearest_.size()) - 1;
        return nearest_[last] * kSameDistance;
    }

    void add_targets(size_t row, double* sums) const {
        const double* values = targets_ + static_cast<int64_t>(row) * n_targets_;
        for (int64_t i = 0; i < n_targets_; ++i) sums[i] += values[i];
    }

    const Neighbours& rows_;
    const double *points_, *targets_;
    int64_t n_targets_;
    std::vector<double> distances_, nearest_;
};

std::vector<int64_t> places_of(const std::vector<std::string>& names, std::span<const NumberColumn> columns) {
    std::vector<int64_t> places;
    for (const std::string& name : names) {
        const auto found = std::ranges::find(columns, name, &NumberColumn::name);
        places.push_back(found - columns.begin());
    }
    return places;
}

}  // namespace

int64_t Neighbours::width() const {
    return static_cast<int64_t>(counts.size()) * targets.size(1);
}

std::vector<std::string> Neighbours::names(const std::vector<TargetColumn>& of) const {
    std::vector<std::string> names;
    for (const int64_t count : counts) {
        for (const TargetColumn& target : of) {
            const std::string name = concat(target.name, "_nearest_", count);
            if (!target.is_class()) names.push_back(name);
            for (int64_t c = 1; c < target.classes.size(); ++c) {
                names.push_back(concat(name, "_", target.classes.names()[static_cast<size_t>(c)]));
            }
        }
    }
    return names;
}

at::Tensor Neighbours::means(const at::Tensor& values, bool are_own) const {
    const at::Tensor coordinates = values.contiguous();
    at::Tensor result = at::empty({values.size(0), width()}, at::kDouble);
    const double* first = coordinates.const_data_ptr<double>();
    double* out = result.mutable_data_ptr<double>();
    parallel_for(values.size(0), /*grain=*/64, [&](int64_t begin, int64_t end) {
        MeanTargets mean_targets(*this);
        for (int64_t row = begin; row < end; ++row) {
            mean_targets(first + row * values.size(1), are_own ? row : -1, out + row * width());
        }
    });
    return result;
}

std::vector<DerivedNumber> derived_numbers(const TabularEncoder& encoder) {
    std::vector<DerivedNumber> numbers;
    for (const auto& [x, y] : encoder.rotated) {
        numbers.push_back({concat(x, " + ", y), {x, y}});
        numbers.push_back({concat(x, " - ", y), {x, y}});
    }
    if (!encoder.neighbours) return numbers;
    for (std::string& name : encoder.neighbours->names(encoder.targets)) {
        numbers.push_back({std::move(name), encoder.neighbours->columns});
    }
    return numbers;
}

at::Tensor derive_numbers(const TabularEncoder& encoder, const at::Tensor& values, bool are_neighbours) {
    const auto columns_of = [&](const std::vector<std::string>& names) {
        return values.index_select(1, at::tensor(places_of(names, encoder.own_numbers()), at::kLong));
    };
    std::vector<at::Tensor> parts;
    for (const auto& [x, y] : encoder.rotated) {
        const at::Tensor both = columns_of({x, y});
        parts.push_back(both.sum(1, /*keepdim=*/true));
        parts.push_back(both.narrow(1, 0, 1) - both.narrow(1, 1, 1));
    }
    if (encoder.neighbours) {
        parts.push_back(encoder.neighbours->means(columns_of(encoder.neighbours->columns), are_neighbours));
    }
    return at::cat(parts, 1);
}

}  // namespace embark
