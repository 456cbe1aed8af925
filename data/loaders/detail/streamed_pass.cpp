#include "streamed_pass.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <ATen/ATen.h>
#include <c10/util/ParallelGuard.h>

#include "../../../core/detail/checksum.h"
#include "../../../core/error.h"
#include "gather.h"
#include "map_tensors.h"
#include "random_order.h"

namespace embark {

namespace {

/// The rows of several sets, one set's after the other's, in the memory of `spare` where that has any.
TensorDataset joined(std::vector<TensorDataset> sets, TensorDataset spare = {}) {
    if (sets.size() == 1) return std::move(sets.front());
    for (const auto part : {&TensorDataset::inputs, &TensorDataset::targets}) {
        for (size_t i = 0; i < (sets.front().*part).size(); ++i) {
            Tensors pieces;
            for (auto& set : sets) pieces.push_back(std::move((set.*part).at(i)));
            if ((spare.*part).size() <= i) (spare.*part).push_back(at::empty({0}, pieces.front().options()));
            at::Tensor& all = (spare.*part)[i];
            all.resize_({0});  // keeps its memory
            at::cat_out(all, pieces);
        }
    }
    return spare;
}

template <class Part>
std::vector<Part> shuffled(const std::vector<Part>& parts, uint64_t seed) {
    const at::Tensor order = permutation(static_cast<int64_t>(parts.size()), seed);
    std::vector<Part> result;
    for (size_t i = 0; i < parts.size(); ++i) {
        result.push_back(parts[static_cast<size_t>(order.const_data_ptr<int64_t>()[i])]);
    }
    return result;
}

void check_piece(const TensorDataset& data, int64_t rows, const StreamedRows& source) {
    require(!data.inputs.empty() && !data.weights.defined(), "A piece of ", source.source(),
            " needs at least one input, and can have no weights");
    for (const auto* tensors : {&data.inputs, &data.targets}) {
        for (const auto& tensor : *tensors) {
            require(tensor.defined() && tensor.dim() > 0 && tensor.size(0) == rows, "A piece of ", source.source(),
                    " should have ", rows, " rows, and has a tensor of ",
                    tensor.defined() && tensor.dim() > 0 ? tensor.size(0) : 0);
        }
    }
}

}  // namespace

int64_t StreamedRows::rows() const {
    return std::accumulate(piece_rows().begin(), piece_rows().end(), int64_t{0});
}

std::unique_ptr<RowPass> StreamedRows::pass(const PassOptions& options) const {
    RowRange range = options.share.range_of_pass(rows(), options.batch_size);
    if (range.size() == 0) range = {0, 1};  // for want of a row that does not count
    return std::make_unique<StreamedPass>(*this, options, range);
}

Batch StreamedRows::first_rows(int64_t n, uint64_t) const {
    const int64_t read = std::max<int64_t>(n, 1);
    StreamedPass pass(*this, {.batch_size = read, .shuffle_buffer = 1}, {0, read});
    return pass.batch(0).take(at::arange(n));
}

std::map<std::string, std::string> StreamedRows::facts() const {
    const auto& sizes = piece_rows();
    const std::string_view bytes(reinterpret_cast<const char*>(sizes.data()), sizes.size() * sizeof(sizes[0]));
    return {{"pieces", "checksum " + crc32_hex({bytes})}};
}

std::map<std::string, int64_t> StreamedRows::order_settings(const PassOptions& options) const {
    return {{"shuffle_buffer", options.shuffle_buffer}};
}

StreamedPass::StreamedPass(const StreamedRows& rows, const PassOptions& options, RowRange range)
    : rows_(rows), options_(options), n_rows_(rows.rows()) {
    std::vector<Part> parts;
    int64_t first = 0;
    for (size_t piece = 0; piece < rows_.piece_rows().size(); ++piece) {
        const int64_t last = first + rows_.piece_rows()[piece];
        const RowRange own = {std::max(first, range.begin), std::min(last, range.end)};
        if (own.size() > 0) parts.push_back({static_cast<int64_t>(piece), {own.begin - first, own.end - first}});
        first = last;
    }
    if (options_.seed) parts = shuffled(parts, *options_.seed);
    plan(parts);
}

StreamedPass::~StreamedPass() = default;

void StreamedPass::plan(const std::vector<Part>& parts) {
    for (const Part& part : parts) {
        const int64_t begin = windows_.empty() ? 0 : windows_.back().rows.end;
        if (windows_.empty() || windows_.back().rows.size() >= options_.shuffle_buffer) {
            windows_.push_back({{}, {begin, begin}});
        }
        windows_.back().parts.push_back(part);
        windows_.back().rows.end += part.rows.size();
    }
}

StreamedPass::Buffer StreamedPass::read(size_t window, Buffer spare) const {
    // A thread that reads ahead would otherwise start threads of its own, which spin beside those that train.
    const c10::ParallelGuard alone(true);
    std::vector<TensorDataset> read;
    for (const Part& part : windows_[window].parts) {
        TensorDataset piece = rows_.read(part.piece);
        const int64_t n = rows_.piece_rows()[static_cast<size_t>(part.piece)];
        check_piece(piece, n, rows_);
        read.push_back(part.rows.size() == n ? std::move(piece) : map_tensors(piece, [&](const at::Tensor& tensor) {
            return tensor.narrow(0, part.rows.begin, part.rows.size()).clone();
        }));
    }
    // Large tensors that come and go would tear the heap into pieces, and so let it grow.
    Buffer buffer = {.window = window, .rows = joined(std::move(read), std::move(spare.rows)), .order = {}};
    buffer.rows = map_tensors(buffer.rows, [](const at::Tensor& tensor) { return tensor.detach().contiguous(); });
    if (options_.seed) {
        const uint64_t seed = derived_seed(*options_.seed, static_cast<int64_t>(window));
        buffer.order = permutation(windows_[window].rows.size(), seed);
    }
    return buffer;
}

void StreamedPass::read_ahead(size_t window) {
    next_window_ = window;
    if (window >= windows_.size()) return;
    next_ = std::async(std::launch::async,
                       [this, window, spare = std::move(spare_)]() mutable { return read(window, std::move(spare)); });
    spare_ = {};
}

const StreamedPass::Buffer& StreamedPass::buffer(size_t window) {
    if (current_ && current_->window == window) return *current_;
    // What a single piece was read into belongs to whoever gave it.
    if (current_ && windows_[current_->window].parts.size() > 1) spare_ = std::move(*current_);
    current_.reset();
    const bool is_coming = next_.valid() && next_window_ == window;
    if (next_.valid() && !is_coming) next_ = {};
    current_ = is_coming ? next_.get() : read(window, std::exchange(spare_, {}));
    if (!any_row_.size()) any_row_ = gather(current_->rows, at::zeros({1}, at::kLong), 0, 1);
    read_ahead(window + 1);
    return *current_;
}

Batch StreamedPass::rows(int64_t begin, int64_t length) {
    std::vector<TensorDataset> taken;
    const auto is_before = [](const Window& window, int64_t row) { return window.rows.end <= row; };
    auto window = std::lower_bound(windows_.begin(), windows_.end(), begin, is_before);
    for (int64_t row = begin; row < begin + length; ++window) {
        const Buffer& from = buffer(static_cast<size_t>(window - windows_.begin()));
        const int64_t n = std::min(begin + length, window->rows.end) - row, first = row - window->rows.begin;
        taken.push_back(options_.seed
                            ? gather(from.rows, from.order, first, n)
                            : map_tensors(from.rows, [&](const at::Tensor& tensor) {
                                  return tensor.narrow(0, first, n).clone();  // the buffer's memory is used again
                              }));
        row += n;
    }
    return joined(std::move(taken));
}

Batch StreamedPass::batch(int64_t i) {
    const int64_t before = options_.share.rows_before(i, n_rows_, options_.batch_size);
    const int64_t own = options_.share.rows_before(i + 1, n_rows_, options_.batch_size) - before;
    if (own > 0) return rows(before, own);
    if (!any_row_.size()) buffer(0);
    return any_row_;
}

}  // namespace embark
