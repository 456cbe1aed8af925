#include "top_items.h"

#include <algorithm>
#include <limits>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "detail/parallel.h"

namespace embark {

namespace {

struct Candidate {
    float score;
    int64_t item;
};

/// Best first.
bool is_better(const Candidate& a, const Candidate& b) {
    return a.score > b.score || (a.score == b.score && a.item < b.item);
}

/// The best that one row has had so far; items come in ascending order.
class Row {
public:
    Row(int64_t k, const int64_t* excluded_begin, const int64_t* excluded_end, const bool* allowed)
        : k_(static_cast<size_t>(k)), begin_(excluded_begin), end_(excluded_end), allowed_(allowed) {
        heap_.reserve(k_);
    }

    void add(const float* scores, int64_t first, int64_t n) {
        constexpr int64_t kBlock = 32;
        for (int64_t begin = 0; begin < n; begin += kBlock) {
            const int64_t end = std::min(begin + kBlock, n);
            // Nearly all blocks have nothing, which is found out without a branch for each score.
            int above = 0;
            for (int64_t i = begin; i < end; ++i) above |= static_cast<int>(scores[i] > lowest_);
            if (above == 0 && heap_.size() == k_) continue;
            for (int64_t i = begin; i < end; ++i) offer({scores[i], first + i});
        }
    }

    void write(int64_t* items, float* scores) {
        std::ranges::sort(heap_, is_better);
        for (size_t i = 0; i < k_; ++i) {
            const bool has = i < heap_.size();
            items[i] = has ? heap_[i].item : -1;
            scores[i] = has ? heap_[i].score : -std::numeric_limits<float>::infinity();
        }
    }

private:
    void offer(const Candidate& candidate) {
        const bool full = heap_.size() == k_;
        if (!(full ? candidate.score > lowest_ : candidate.score == candidate.score) || !may_have(candidate.item)) return;
        if (full) {
            std::ranges::pop_heap(heap_, is_better);
            heap_.pop_back();
        }
        heap_.push_back(candidate);
        std::ranges::push_heap(heap_, is_better);  // the worst in front
        if (heap_.size() == k_) lowest_ = heap_.front().score;
    }

    bool may_have(int64_t item) const {
        return item != 0 && (allowed_ == nullptr || allowed_[item]) && !std::binary_search(begin_, end_, item);
    }

    size_t k_;
    const int64_t *begin_, *end_;
    const bool* allowed_;
    std::vector<Candidate> heap_;
    float lowest_ = -std::numeric_limits<float>::infinity();
};

std::vector<Row> rows_of(int64_t first, int64_t n, int64_t k, const RankedAmong& among) {
    const bool* allowed = among.allowed.defined() ? among.allowed.const_data_ptr<bool>() : nullptr;
    std::vector<Row> rows;
    for (int64_t row = first; row < first + n; ++row) {
        if (!among.excluded.defined()) {
            rows.emplace_back(k, nullptr, nullptr, allowed);
            continue;
        }
        const int64_t* excluded = among.excluded.const_data_ptr<int64_t>();
        rows.emplace_back(k, excluded + among.begins.const_data_ptr<int64_t>()[row],
                          excluded + among.ends.const_data_ptr<int64_t>()[row], allowed);
    }
    return rows;
}

TopItems empty_top(int64_t n, int64_t k) {
    return {at::empty({n, k}, at::kLong), at::empty({n, k}, at::kFloat)};
}

void write_rows(std::vector<Row>& rows, int64_t first, int64_t k, const TopItems& top) {
    int64_t* items = top.items.mutable_data_ptr<int64_t>() + first * k;
    float* scores = top.scores.mutable_data_ptr<float>() + first * k;
    for (Row& row : rows) {
        row.write(items, scores);
        items += k;
        scores += k;
    }
}

}  // namespace

void RankedAmong::leave_out(const at::Tensor& offsets, const at::Tensor& entries, const at::Tensor& users) {
    begins = offsets.index_select(0, users);
    ends = offsets.index_select(0, users + 1);
    excluded = entries;
}

RankedAmong RankedAmong::rows(int64_t first, int64_t n) const {
    RankedAmong part = *this;
    if (excluded.defined()) {
        part.begins = begins.narrow(0, first, n);
        part.ends = ends.narrow(0, first, n);
    }
    return part;
}

TopItems top_items(int64_t n, int64_t at_once, const std::function<at::Tensor(int64_t, int64_t)>& scores, int64_t k,
                   const RankedAmong& among) {
    const TopItems all = empty_top(n, k);
    for (int64_t first = 0; first < n; first += at_once) {
        const int64_t count = std::min(at_once, n - first);
        const TopItems top = top_items(scores(first, count), k, among.rows(first, count));
        all.items.narrow(0, first, count).copy_(top.items);
        all.scores.narrow(0, first, count).copy_(top.scores);
    }
    return all;
}

TopItems top_items(const at::Tensor& all_scores, int64_t k, const RankedAmong& among) {
    const at::Tensor scores = all_scores.to(at::kFloat).contiguous();
    const int64_t n = scores.size(0), n_items = scores.size(1);
    const TopItems top = empty_top(n, k);
    parallel_for(n, 1, [&](int64_t begin, int64_t end) {
        auto rows = rows_of(begin, end - begin, k, among);
        const float* row_scores = scores.const_data_ptr<float>() + begin * n_items;
        for (Row& row : rows) {
            row.add(row_scores, 0, n_items);
            row_scores += n_items;
        }
        write_rows(rows, begin, k, top);
    });
    return top;
}

TopItems top_products(const at::Tensor& users, const at::Tensor& items, const at::Tensor& bias, int64_t k,
                      const RankedAmong& among) {
    constexpr int64_t kUsers = 64, kItems = 2048;  // a block of scores is half a megabyte
    const at::NoGradGuard no_grad;
    const int64_t n = users.size(0), n_items = items.size(0);
    const at::Tensor by_column = items.t();
    const TopItems top = empty_top(n, k);
    parallel_for(n, kUsers, [&](int64_t begin, int64_t end) {
        const at::Tensor block = at::empty({kUsers * kItems}, at::kFloat);
        for (int64_t first = begin; first < end; first += kUsers) {
            const int64_t of_users = std::min(kUsers, end - first);
            auto rows = rows_of(first, of_users, k, among);
            const at::Tensor some_users = users.narrow(0, first, of_users);
            for (int64_t item = 0; item < n_items; item += kItems) {
                const int64_t of_items = std::min(kItems, n_items - item);
                at::Tensor scores = block.narrow(0, 0, of_users * of_items).view({of_users, of_items});
                at::mm_out(scores, some_users, by_column.narrow(1, item, of_items));
                if (bias.defined()) scores.add_(bias.narrow(0, item, of_items));
                const float* row_scores = scores.const_data_ptr<float>();
                for (Row& row : rows) {
                    row.add(row_scores, item, of_items);
                    row_scores += of_items;
                }
            }
            write_rows(rows, first, k, top);
        }
    });
    return top;
}

}  // namespace embark
