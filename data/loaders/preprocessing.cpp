#include "preprocessing.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "../../core/error.h"
#include "../table/free_names.h"
#include "detail/value_columns.h"

namespace embark {

Table with_value_columns(Table table, const std::string& name, const at::Tensor& tensor) {
    constexpr int64_t kMostColumns = 8;
    const at::Tensor flat = tensor.dim() == 1 ? tensor.unsqueeze(1) : tensor.flatten(1);
    std::vector<std::string> names;
    for (int64_t i = 0; i < std::min(flat.size(1), kMostColumns); ++i) {
        names.push_back(flat.size(1) == 1 ? name : concat(name, "[", i, "]"));
    }
    names = free_names(table.names(), std::move(names));
    for (size_t i = 0; i < names.size(); ++i) {
        table = table.with_column(names[i], flat.select(1, static_cast<int64_t>(i)));
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
