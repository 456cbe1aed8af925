#include "collate.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "../../core/error.h"
#include "detail/pad_collate.h"

namespace embark {

namespace {

using Part = Tensors Sample::*;

/// One tensor of each sample, and what a message calls it.
struct Column {
    const std::vector<Sample>& samples;
    Part part;
    size_t i;

    const at::Tensor& of(const Sample& sample) const { return (sample.*part)[i]; }
    const at::Tensor& first() const { return of(samples.front()); }
    std::string name() const { return concat(part == &Sample::inputs ? "input " : "target ", i); }
};

void require_like_first(const Column& column, bool same, const Sample& sample, const char* advice) {
    const at::Tensor &tensor = column.of(sample), &first = column.first();
    require(tensor.scalar_type() == first.scalar_type(), column.name(), " of sample ", titled(sample), " is ",
            tensor.scalar_type(), ", that of sample ", titled(column.samples.front()), " ", first.scalar_type(),
            "; all need one type");
    require(same, column.name(), " of sample ", titled(sample), " has shape ", tensor.sizes(), ", that of sample ",
            titled(column.samples.front()), " ", first.sizes(), advice);
}

at::Tensor stacked(const Column& column) {
    Tensors rows;
    for (const Sample& sample : column.samples) {
        rows.push_back(column.of(sample));
        require_like_first(column, rows.back().sizes() == column.first().sizes(), sample,
                           "; make them of one shape, as resize() does with pictures, or pad them with pad_collate()");
    }
    return at::stack(rows);
}

/// Lengths along `dim` of each sample's tensor.
std::vector<int64_t> lengths_of(const Column& column, int64_t dim) {
    std::vector<int64_t> lengths;
    for (const Sample& sample : column.samples) {
        require(column.of(sample).dim() > dim, column.name(), " of sample ", titled(sample), " has no dimension ", dim,
                " to be padded: its shape is ", column.of(sample).sizes());
        lengths.push_back(column.of(sample).size(dim));
    }
    return lengths;
}

at::Tensor padded(const Column& column, int64_t dim, double value) {
    if (column.first().dim() <= dim) return stacked(column);
    const std::vector<int64_t> lengths = lengths_of(column, dim);
    auto shape = column.first().sizes().vec();
    shape[static_cast<size_t>(dim)] = *std::max_element(lengths.begin(), lengths.end());
    shape.insert(shape.begin(), static_cast<int64_t>(lengths.size()));
    const at::Tensor all = at::full(shape, value, column.first().options());
    for (size_t row = 0; row < lengths.size(); ++row) {
        const Sample& sample = column.samples[row];
        const at::Tensor own = all.select(0, static_cast<int64_t>(row)).narrow(dim, 0, lengths[row]);
        require_like_first(column, own.sizes() == column.of(sample).sizes(), sample,
                           concat("; they may differ in dimension ", dim, " alone").c_str());
        own.copy_(column.of(sample));
    }
    return all;
}

/// A batch of the tensors that `input` and `target` make.
template <class OfInput, class OfTarget>
Batch collated(const std::vector<Sample>& samples, OfInput input, OfTarget target) {
    Batch batch;
    for (size_t i = 0; i < samples.front().inputs.size(); ++i) {
        batch.inputs.push_back(input(Column{samples, &Sample::inputs, i}));
    }
    for (size_t i = 0; i < samples.front().targets.size(); ++i) {
        batch.targets.push_back(target(Column{samples, &Sample::targets, i}));
    }
    return batch;
}

}  // namespace

Batch stack_collate(const std::vector<Sample>& samples) {
    return collated(samples, stacked, stacked);
}

Batch PadCollate::operator()(const std::vector<Sample>& samples) const {
    Batch batch = collated(
        samples, [&](const Column& column) { return padded(column, options.dim, options.value); },
        [&](const Column& column) {
            return options.target_value ? padded(column, options.dim, *options.target_value) : stacked(column);
        });
    if (!options.lengths && !options.mask) return batch;
    const at::Tensor lengths = at::tensor(lengths_of({samples, &Sample::inputs, 0}, options.dim), at::kLong);
    if (options.lengths) batch.inputs.push_back(lengths);
    if (options.mask) {
        const int64_t longest = batch.inputs.front().size(options.dim + 1);
        batch.inputs.push_back(at::arange(longest).unsqueeze(0) < lengths.unsqueeze(1));
    }
    return batch;
}

std::string PadCollate::settings() const {
    return concat("pad_collate, value ", options.value, ", dim ", options.dim, options.lengths ? ", lengths" : "",
                  options.mask ? ", mask" : "",
                  options.target_value ? concat(", target value ", *options.target_value) : "");
}

Collate pad_collate(PadOptions options) {
    require<UsageError>(options.dim >= 0, "Samples cannot be padded in dimension ", options.dim,
                        "; it must be 0 or above");
    return PadCollate{options};
}

}  // namespace embark
