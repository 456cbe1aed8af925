#include "preprocessing.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "../../core/error.h"
#include "detail/value_columns.h"

namespace embark {

Table with_value_columns(Table table, const std::string& name, const at::Tensor& tensor) {
    constexpr int64_t kMostColumns = 8;
    const at::Tensor flat = tensor.dim() == 1 ? tensor.unsqueeze(1) : tensor.flatten(1);
    if (flat.size(1) == 1) return table.with_column(name, flat.select(1, 0));
    for (int64_t i = 0; i < std::min(flat.size(1), kMostColumns); ++i) {
        table = table.with_column(concat(name, "[", i, "]"), flat.select(1, i));
    }
    return table;
}

ExportContext::~ExportContext() = default;

Preprocessing::~Preprocessing() = default;

Table Preprocessing::with_predictions(Table table, const Tensors& predictions) const {
    return with_value_columns(std::move(table), "prediction", predictions.front());
}

void Preprocessing::export_to(ExportContext&) const {}

}  // namespace embark
