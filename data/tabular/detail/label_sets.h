#pragma once

#include <string>
#include <vector>

#include "../tabular.h"

namespace embark {

/// All labels in column `name` of `table`, each once and sorted. Throws Error where no row has more than one, which is the case
/// where the delimiter is another.
std::vector<std::string> find_labels(const Table& table, const std::string& name, const std::string& label_delim);

/// What (n, labels) of 0 and 1, or of probabilities, says as texts, "a;b".
std::vector<std::string> label_texts(const TargetColumn& target, const at::Tensor& labels);

/// For each row which labels it has, (n, labels) float32 of 0 and 1. Throws Error, with file, row and column, for one
/// that training did not have.
at::Tensor encode_labels(const TargetColumn& target, const Table& table);

}  // namespace embark
