#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace embark {

struct TargetColumn;
class TabularEncoder;

/// Two columns of numbers in one unit, such as latitude and longitude, of which the model sees the sum and the
/// difference besides: the axes turned by 45°.
struct RotatedColumns {
    std::string x,  ///< the first column
        y;          ///< the second: x + y and x − y are derived
};

/// The training rows that rows are compared with, and what is made of those nearest to a row: for each of `counts` the
/// mean target of so many. Rows are as far apart as their coordinates, each divided by its scale, in Euclid's
/// distance. Those as far away as the last one that counts, to nine digits, count too; so the means follow from the set
/// of rows, not from their order.
struct Neighbours {
    /// The columns of numbers that are coordinates.
    std::vector<std::string> columns = {};
    std::vector<double> scales = {};  ///< what each is divided by: its deviation in training
    /// How many nearest rows, ascending.
    std::vector<int64_t> counts = {};
    /// (columns, rows) float64, divided by their scales.
    at::Tensor points = {};
    /// (rows, numbers) float64: of each target its value as it is learned, or 1 for each of a row's classes and 0 for
    /// the others.
    at::Tensor targets = {};

    /// Numbers that a row gets: one for each count and column of `targets`.
    int64_t width() const;
    /// Their names, in their order: "price_nearest_5", "salary_nearest_5_>50K".
    std::vector<std::string> names(const std::vector<TargetColumn>& of) const;
    /// The means of rows whose coordinates are `values`, (n, columns) float64 as they are in the table: (n, width),
    /// counts outermost. `are_own`: they are the rows of `points`, in their order, and each is left out of its own
    /// means; exact copies of it are other rows, and are not.
    at::Tensor means(const at::Tensor& values, bool are_own = false) const;
};

/// A number that an encoder derives, and the columns of numbers that it is made of.
struct DerivedNumber {
    std::string name;                  ///< of the column that the model sees
    std::vector<std::string> sources;  ///< names of the columns of the table
};

/// All of them, in their order: "x + y" and "x - y" of each rotated pair, then the neighbours'.
std::vector<DerivedNumber> derived_numbers(const TabularEncoder& encoder);

/// Those numbers, (n, derived) float64, of the rows whose own numbers are `values`, (n, own numbers) float64 with
/// missing ones filled. `are_neighbours`: they are the training rows, as in Neighbours::means.
at::Tensor derive_numbers(const TabularEncoder& encoder, const at::Tensor& values, bool are_neighbours = false);

}  // namespace embark
