#include "dataset_pass.h"

#include <algorithm>
#include <utility>

#include <ATen/ATen.h>

#include "../../../core/error.h"

namespace embark {

DatasetPass::DatasetPass(const DatasetRows& rows, const PassOptions& options)
    : rows_(rows), options_(options), n_rows_(options.order.defined() ? options.order.numel() : rows.rows()) {
    if (rows_.takes_order() && !options_.order.defined() && options_.seed) {
        options_.order = permutation(n_rows_, *options_.seed);
    }
}

DatasetPass::~DatasetPass() = default;

RowRange DatasetPass::places(int64_t i) const {
    const int64_t begin = i * options_.batch_size, n = std::min(options_.batch_size, n_rows_ - begin);
    const Share& share = options_.share;
    if (share.of == Share::Of::batches) return {begin, begin + (share.has_batch(i) ? n : 0)};
    const RowRange part = share.part(n);
    return {begin + part.begin, begin + part.end};
}

std::optional<uint64_t> DatasetPass::transform_seed(int64_t place) const {
    return options_.augment ? std::optional(derived_seed(*options_.augment, place)) : std::nullopt;
}

Batch DatasetPass::batch(int64_t i) {
    if (!ahead_ || ahead_->next() != i) {
        ahead_.reset();
        stream_.reset();
        place_ = starts_ = 0;
        const int64_t end = std::max(n_rows_ / options_.batch_size + (n_rows_ % options_.batch_size != 0), i + 1);
        const SampleSettings& settings = rows_.settings();
        ahead_ =
            std::make_unique<BatchesAhead>(RowRange{i, end}, settings.workers, settings.workers * settings.prefetch,
                                           [this](int64_t number) { return begin(number); });
    }
    Batch batch = ahead_->take();
    return batch.inputs.empty() ? any_row() : batch;
}

BatchesAhead::Work DatasetPass::begin(int64_t i) {
    const RowRange own = places(i);
    std::vector<Sample> read;
    if (!rows_.takes_order()) {
        if (!stream_) start_stream();
        while (place_ < own.begin) next_sample();
        while (place_ < own.end) read.push_back(next_sample());
    }
    return [this, i, own, read = std::move(read)](const std::stop_token& stop) { return make(i, own, read, stop); };
}

Batch DatasetPass::make(int64_t i, RowRange places, const std::vector<Sample>& read,
                        const std::stop_token& stop) const {
    const int64_t* order = options_.order.defined() ? options_.order.const_data_ptr<int64_t>() : nullptr;
    std::vector<Sample> samples;
    for (int64_t place = places.begin; place < places.end; ++place) {
        if (stop.stop_requested()) return {};
        if (read.empty()) {
            Random random = random_at(place);
            samples.push_back(rows_.read(order ? order[place] : place, random));
        } else {
            samples.push_back(read[static_cast<size_t>(place - places.begin)]);
        }
        rows_.transform(samples.back(), transform_seed(place));
    }
    return samples.empty() ? Batch() : rows_.collated(samples, i);
}

void DatasetPass::start_stream() {
    Random random(derived_seed(options_.random, --starts_));
    stream_ = rows_.dataset().iterable()->start(random);
}

Sample DatasetPass::next_sample() {
    Random random = random_at(place_);
    std::optional<Sample> sample = rows_.read(*stream_, place_, random);
    if (!sample) {
        start_stream();
        random = random_at(place_);
        sample = rows_.read(*stream_, place_, random);
        require(sample.has_value(), "There are no samples in ", rows_.source());
    }
    ++place_;
    return std::move(*sample);
}

const Batch& DatasetPass::any_row() {
    if (any_row_) return *any_row_;
    Sample sample = rows_.first();
    rows_.transform(sample, transform_seed(0));
    return any_row_.emplace(rows_.collated({sample}, 0));
}

}  // namespace embark
