#pragma once

#include "../collate.h"
#include "../dataset.h"
#include "../row_source.h"
#include "../transforms.h"

namespace embark {

/// How samples become batches.
struct SampleSettings {
    std::vector<Transform> transforms = {};
    Collate collate = {};
    int64_t workers = 0;
    int64_t prefetch = 2;
    /// Of samples without numbers.
    int64_t rows_per_epoch = 0;
};

/// Rows that are the samples of a data set, each made when its turn comes. Of several processes each makes its own
/// samples alone; of samples without numbers all of them, which come one after the other.
class DatasetRows : public RowSource {
public:
    /// `name` is for messages: "the training data set". Reads the first sample. Throws UsageError for settings that
    /// cannot be, Error for no samples, and for a first one without inputs.
    DatasetRows(AnyDataset data, std::string name, SampleSettings settings);

    int64_t rows() const override;
    std::string source() const override { return name_; }
    std::unique_ptr<RowPass> pass(const PassOptions& options) const override;
    bool is_weighted() const override { return first_.weight.has_value(); }
    TensorDataset sample(int64_t n, uint64_t seed) const override;
    const TensorDataset& data() const override;
    bool takes_order() const override { return data_.indexed() != nullptr; }
    std::shared_ptr<const RowSource> taken(const at::Tensor& rows) const override;
    std::map<std::string, std::string> facts() const override;

    const AnyDataset& dataset() const { return data_; }
    const SampleSettings& settings() const { return settings_; }
    const Sample& first() const { return first_; }

    /// The sample of row `row`, before its transforms.
    Sample read(int64_t row, Random& random) const;
    /// The next one of `stream`, or nothing after the last.
    std::optional<Sample> read(SampleStream& stream, int64_t row, Random& random) const;
    /// Does the transforms, the random ones where they have a seed; throws Error, which names the sample.
    void transform(Sample& sample, std::optional<uint64_t> seed) const;
    /// The batch of these samples, at least one. Throws Error, which names the batch.
    Batch collated(const std::vector<Sample>& samples, int64_t i) const;

private:
    std::string where(int64_t index) const;
    /// What tells its collate function from others: settings, else its type and what it makes of the first sample.
    std::string name_of_collate() const;
    void check(const Sample& sample) const;

    AnyDataset data_;
    std::string name_;
    SampleSettings settings_;
    at::Tensor numbers_;  // of the samples that are rows; undefined: all
    Sample first_;
};

}  // namespace embark
