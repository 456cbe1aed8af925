#include "rating_blocks.h"

#include <algorithm>
#include <array>
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
constexpr int64_t kRowsOfBlock = 1024;
/// Rows whose numbers follow one another, which lie on a few pages of memory: a processor keeps the places of some
/// thousand pages at hand.
constexpr int64_t kRowsOfRun = 64;

/// Rows by their block: those of block b are rows[starts[b]] to before rows[starts[b + 1]], ascending. Without `rows`
/// these places are the rows.
struct Grouped {
    at::Tensor rows;
    std::vector<int64_t> starts;
};

/// Groups the rows 0, 1, … by block_of(row).
template <class BlockOf>
Grouped grouped(int64_t n, int64_t n_blocks, const BlockOf& block_of) {
    Grouped found = {.rows = at::empty({n}, at::kLong), .starts = std::vector<int64_t>(static_cast<size_t>(n_blocks) + 1)};
    auto* starts = found.starts.data();
    for (int64_t row = 0; row < n; ++row) ++starts[block_of(row) + 1];
    for (int64_t b = 0; b < n_blocks; ++b) starts[b + 1] += starts[b];
    std::vector<int64_t> next(found.starts.begin(), found.starts.end() - 1);
    auto *rows = found.rows.mutable_data_ptr<int64_t>(), *places = next.data();
    for (int64_t row = 0; row < n; ++row) rows[places[block_of(row)]++] = row;
    return found;
}

/// The largest user and the largest item of pairs, (n, width ≥ 2); throws Error for a negative one.
std::array<int64_t, 2> largest(const int64_t* pairs, int64_t n, int64_t width) {
    std::array<int64_t, 2> most = {0, 0};
    int64_t least = 0;
    for (int64_t row = 0; row < n; ++row, pairs += width) {
        most = {std::max(most[0], pairs[0]), std::max(most[1], pairs[1])};
        least = std::min({least, pairs[0], pairs[1]});
    }
    require(least >= 0, "A user or an item of the pairs is ", least, ", and none may be negative");
    return most;
}

/// The part that each of `n` users, or items, is in: parts of kRowsOfBlock, put together at random from runs of
/// neighbours.
std::vector<int32_t> random_parts(int64_t n, uint64_t seed) {
    const std::vector<int64_t> runs = random_order((n + kRowsOfRun - 1) / kRowsOfRun, seed);
    std::vector<int32_t> parts(static_cast<size_t>(n));
    for (int64_t row = 0; row < n; ++row) {
        const int64_t run = runs[static_cast<size_t>(row / kRowsOfRun)];
        parts[static_cast<size_t>(row)] = static_cast<int32_t>(run / (kRowsOfBlock / kRowsOfRun));
    }
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
        if (blocks.rows.defined()) {
            std::copy_n(blocks.rows.const_data_ptr<int64_t>() + begin, n, to);
        } else {
            std::iota(to, to + n, begin);
        }
        shuffle_rows(to, n, derived_seed(seed, block));
        to += n;
    }
    return order;
}

}  // namespace

RatingBlocks rating_blocks(const at::Tensor& pairs, uint64_t seed) {
    require(pairs.defined() && pairs.dim() == 2 && pairs.size(0) > 0 && pairs.size(1) >= 2 && pairs.scalar_type() == at::kLong,
            "Blocks of ratings are made of pairs of a user's and an item's number, (n, 2) int64, at least one");
    const at::Tensor on_cpu = pairs.cpu().contiguous();
    const auto* data = on_cpu.const_data_ptr<int64_t>();
    const int64_t n = pairs.size(0), width = pairs.size(1);
    const auto [last_user, last_item] = largest(data, n, width);
    const std::vector<int32_t> user_parts = random_parts(last_user + 1, seed);
    const std::vector<int32_t> item_parts = random_parts(last_item + 1, derived_seed(seed, 1));
    const auto n_parts = [](const std::vector<int32_t>& parts) { return int64_t{*std::ranges::max_element(parts)} + 1; };
    const int64_t n_item_parts = n_parts(item_parts), n_blocks = n_parts(user_parts) * n_item_parts;
    Grouped found = grouped(n, n_blocks, [&, of_users = user_parts.data(), of_items = item_parts.data()](int64_t row) {
        const auto* pair = data + row * width;
        return of_users[pair[0]] * n_item_parts + of_items[pair[1]];
    });
    RatingBlocks blocks = {.rows = std::move(found.rows), .sampler = {}};
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
