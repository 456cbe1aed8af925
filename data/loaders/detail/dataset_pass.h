#pragma once

#include <memory>
#include <optional>

#include "batches_ahead.h"
#include "dataset_rows.h"
#include "random_order.h"

namespace embark {

/// One pass over the samples of a data set. What a sample and its transforms draw at random follows from the pass and
/// the sample's place in it, so that it does not matter who makes it, and when.
class DatasetPass : public RowPass {
public:
    DatasetPass(const DatasetRows& rows, const PassOptions& options);
    ~DatasetPass() override;

    Batch batch(int64_t i) override;
    bool is_shared() const override { return !options_.share.is_whole(); }

private:
    /// The places in the pass of what this process has of batch `i`.
    RowRange places(int64_t i) const;
    Random random_at(int64_t place) const { return Random(derived_seed(options_.random, place)); }
    std::optional<uint64_t> transform_seed(int64_t place) const;
    /// What remains to be done for batch `i`, the samples of which are read now where they have no numbers.
    BatchesAhead::Work begin(int64_t i);
    /// Of samples that were read, or that are read now where there are none. No batch where there is nothing to do.
    Batch make(int64_t i, RowRange places, const std::vector<Sample>& read, const std::stop_token& stop) const;
    void start_stream();
    /// The next sample of the stream, whose place in the pass is `place_`.
    Sample next_sample();
    const Batch& any_row();

    const DatasetRows& rows_;
    PassOptions options_;
    int64_t n_rows_;
    std::unique_ptr<SampleStream> stream_;
    int64_t place_ = 0, starts_ = 0;
    std::optional<Batch> any_row_;
    std::unique_ptr<BatchesAhead> ahead_;  // the last member: its threads use the others
};

}  // namespace embark
