#include "rating_blocks.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include <ATen/ATen.h>

#include "../../core/error.h"
#include "../loaders/detail/random_order.h"

namespace embark {

namespace {

/// Users, and items, of a block: twice as many rows of 56 factors and a bias take half a megabyte each, which
/// together stay in a core's second cache.
constexpr int64_t kRowsOfBlock = 2048;

/// Rows by their block: those of block b are rows[starts[b]] to before rows[starts[b + 1]], ascending. Without `rows`
/// these places are the rows.
struct Grouped {
    std::vector<int64_t> rows, starts;
};

/// Groups the rows 0, 1, … by block_of(row).
template <class BlockOf>
Grouped grouped(int64_t n, int64_t n_blocks, const BlockOf& block_of) {
    std::vector<int64_t> blocks(static_cast<size_t>(n));
    Grouped found = {.rows = std::vector<int64_t>(static_cast<size_t>(n)),
                     .starts = std::vector<int64_t>(static_cast<size_t>(n_blocks) + 1)};
    for (int64_t row = 0; row < n; ++row) {
        const int64_t block = blocks[static_cast<size_t>(row)] = block_of(row);
        ++found.starts[static_cast<size_t>(block) + 1];
    }
    for (size_t b = 1; b < found.starts.size(); ++b) found.starts[b] += found.starts[b - 1];
    std::vector<int64_t> next(found.starts.begin(), found.starts.end() - 1);
    for (int64_t row = 0; row < n; ++row) {
        const auto block = static_cast<size_t>(blocks[static_cast<size_t>(row)]);
        found.rows[static_cast<size_t>(next[block]++)] = row;
    }
    return found;
}

/// The part that each of `n` users, or items, is in: parts of kRowsOfBlock, put together at random.
std::vector<int64_t> random_parts(int64_t n, uint64_t seed) {
    std::vector<int64_t> parts = random_order(n, seed);
    for (int64_t& part : parts) part /= kRowsOfBlock;
    return parts;
}

/// Fisher and Yates' shuffle, in place.
void shuffle_rows(int64_t* rows, int64_t n, uint64_t seed) {
    for (int64_t i = n - 1; i > 0; --i) {
        const uint64_t drawn = derived_seed(seed, i) >> 32;
        std::swap(rows[i], rows[(drawn * static_cast<uint64_t>(i + 1)) >> 32]);
    }
}

/// One block after the other, all in a random order.
at::Tensor epoch_order(const Grouped& blocks, uint64_t seed) {
    at::Tensor order = at::empty({blocks.starts.back()}, at::kLong);
    auto* to = order.mutable_data_ptr<int64_t>();
    for (const int64_t block : random_order(static_cast<int64_t>(blocks.starts.size()) - 1, seed)) {
        const int64_t begin = blocks.starts[static_cast<size_t>(block)];
        const int64_t n = blocks.starts[static_cast<size_t>(block) + 1] - begin;
        if (blocks.rows.empty()) {
            std::iota(to, to + n, begin);
        } else {
            std::copy_n(blocks.rows.data() + begin, n, to);
        }
        shuffle_rows(to, n, derived_seed(seed, block));
        to += n;
    }
    return order;
}

}  // namespace

RatingBlocks rating_blocks(const at::Tensor& pairs, uint64_t seed) {
    require(pairs.defined() && pairs.dim() == 2 && pairs.size(0) > 0 && pairs.size(1) >= 2 &&
                pairs.scalar_type() == at::kLong && pairs.min().item<int64_t>() >= 0,
            "Blocks of ratings are made of pairs of a user's and an item's number, (n, 2) int64, at least one and none negative");
    const at::Tensor on_cpu = pairs.cpu().contiguous();
    const auto* data = on_cpu.const_data_ptr<int64_t>();
    const int64_t n = pairs.size(0), width = pairs.size(1);
    const auto parts_of = [&](int64_t column, uint64_t of_column) {
        return random_parts(pairs.select(1, column).max().item<int64_t>() + 1, of_column);
    };
    const std::vector<int64_t> user_parts = parts_of(0, seed), item_parts = parts_of(1, derived_seed(seed, 1));
    const auto n_parts = [](const std::vector<int64_t>& parts) { return *std::ranges::max_element(parts) + 1; };
    const int64_t n_item_parts = n_parts(item_parts), n_blocks = n_parts(user_parts) * n_item_parts;
    Grouped found = grouped(n, n_blocks, [&](int64_t row) {
        const auto* pair = data + row * width;
        return user_parts[static_cast<size_t>(pair[0])] * n_item_parts + item_parts[static_cast<size_t>(pair[1])];
    });
    RatingBlocks blocks = {.rows = at::tensor(found.rows, at::kLong), .sampler = {}};
    found.rows = {};
    blocks.sampler = [kept = std::make_shared<const Grouped>(std::move(found)), n](const SamplerPass& pass) {
        if (!pass.numbers.defined()) {
            require(pass.rows == n, "The blocks are of ", n, " ratings, and there are ", pass.rows);
            return epoch_order(*kept, pass.seed);
        }
        const auto& starts = kept->starts;
        const at::Tensor numbers = pass.numbers.cpu().contiguous();
        const auto* of_rows = numbers.const_data_ptr<int64_t>();
        const auto block_of = [&](int64_t row) {
            return std::ranges::upper_bound(starts, of_rows[row]) - starts.begin() - 1;
        };
        return epoch_order(grouped(pass.rows, static_cast<int64_t>(starts.size()) - 1, block_of), pass.seed);
    };
    return blocks;
}

}  // namespace embark
