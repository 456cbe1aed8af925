#include "gather_rows.h"

#include <torch/types.h>

#include "../strategy.h"

namespace embark {

namespace {

constexpr int64_t kPieceBytes = 16 << 20;

std::vector<int64_t> lengths_of_all(Strategy& strategy, const at::Tensor& rows) {
    std::vector<int64_t> lengths;
    for (const auto& length : strategy.all_gather_equal(at::full({1}, rows.size(0), at::kLong))) {
        lengths.push_back(length.item<int64_t>());
    }
    return lengths;
}

/// The rows of piece number `piece` among `rows`.
RowRange rows_of_piece(int64_t piece, int64_t piece_rows, int64_t rows) {
    return {std::min(rows, piece * piece_rows), std::min(rows, (piece + 1) * piece_rows)};
}

}  // namespace

at::Tensor gather_rows(Strategy& strategy, const at::Tensor& rows) {
    torch::NoGradGuard no_grad;
    const auto own = rows.detach().to(at::kCPU).contiguous();
    if (strategy.share().is_whole()) return own;
    const auto lengths = lengths_of_all(strategy, own);
    std::vector<int64_t> begins;
    int64_t total = 0, longest = 1;
    for (const int64_t length : lengths) {
        begins.push_back(total);
        total += length;
        longest = std::max(longest, length);
    }
    at::Tensor whole;
    if (strategy.is_main_process()) {
        auto shape = own.sizes().vec();
        shape.front() = total;
        whole = at::empty(shape, own.options());
    }
    const int64_t row_bytes = own[0].numel() * own.element_size();
    const int64_t piece_rows = std::max<int64_t>(1, kPieceBytes / std::max<int64_t>(1, row_bytes));
    for (int64_t piece = 0; piece * piece_rows < longest; ++piece) {
        Tensors parts(lengths.size(), own.narrow(0, 0, 0));
        const RowRange mine = rows_of_piece(piece, piece_rows, own.size(0));
        parts.front() = own.narrow(0, mine.begin, mine.size());
        std::vector<int64_t> to_get(lengths.size(), 0);
        for (size_t r = 0; strategy.is_main_process() && r < lengths.size(); ++r) {
            to_get[r] = rows_of_piece(piece, piece_rows, lengths[r]).size();
        }
        const Tensors got = strategy.all_to_all(parts, to_get);
        for (size_t r = 0; strategy.is_main_process() && r < got.size(); ++r) {
            const int64_t begin = begins[r] + rows_of_piece(piece, piece_rows, lengths[r]).begin;
            whole.narrow(0, begin, to_get[r]).copy_(got[r]);
        }
    }
    return whole;
}

}  // namespace embark
