#include "dataset_rows.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <utility>

#include <ATen/ATen.h>
#include <c10/util/Type.h>

#include "../../../core/detail/checksum.h"
#include "../../../core/error.h"
#include "apply_transforms.h"
#include "dataset_pass.h"
#include "pad_collate.h"

namespace embark {

namespace {

/// Does `work`; what it throws becomes an Error of one line that says where.
template <class Work>
auto saying_where(const std::string& where, Work work) {
    std::string what;
    try {
        return work();
    } catch (const c10::Error& error) {
        what = error.what_without_backtrace();
    } catch (const std::exception& error) {
        what = error.what();
    } catch (...) {
        what = "something that is no std::exception was thrown";
    }
    std::string line = concat(where, ": ", what.substr(0, what.find('\n')));
    line[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(line[0])));
    throw Error(line);
}

void require_defined(const Tensors& tensors, const char* kind) {
    for (size_t i = 0; i < tensors.size(); ++i) require(tensors[i].defined(), kind, " ", i, " is undefined");
}

std::string content_checksum(const std::vector<const Tensors*>& parts) {
    Crc32 sum;
    for (const Tensors* tensors : parts) {
        for (const at::Tensor& tensor : *tensors) {
            const at::Tensor values = tensor.cpu().contiguous();
            sum.add(concat(values.scalar_type(), values.sizes()));
            sum.add({static_cast<const char*>(values.const_data_ptr()), values.nbytes()});
        }
    }
    return "checksum " + sum.hex();
}

void require_as_many(size_t n, size_t of_first, const char* kind, int64_t first) {
    require(n == of_first, "it has ", n, " ", kind, n == 1 ? "" : "s", ", sample ", first, " ", of_first);
}

}  // namespace

DatasetRows::DatasetRows(AnyDataset data, std::string name, SampleSettings settings)
    : data_(std::move(data)), name_(std::move(name)), settings_(std::move(settings)) {
    require<UsageError>(settings_.workers >= 0, "Invalid number of workers ", settings_.workers,
                        ": it must be at least 0, where the training thread makes the batches");
    require<UsageError>(settings_.prefetch >= 1, "Invalid prefetch ", settings_.prefetch,
                        ": a worker prepares at least 1 batch ahead");
    if (!settings_.collate) settings_.collate = stack_collate;
    require<UsageError>(data_.indexed() || data_.iterable(), "There is no data set: the pointer to ", name_,
                        " is null");
    Random random(0);
    if (data_.indexed()) {
        require<UsageError>(settings_.rows_per_epoch == 0, "rows_per_epoch is for data sets with next(), and ", name_,
                            " has get() and size(); use a sampler, as replacement_sampler(n)");
        require(rows() > 0, "There are no samples in ", name_, "; a data set needs at least one");
        first_ = read(0, random);
        return;
    }
    require<UsageError>(
        settings_.rows_per_epoch > 0, "Nobody knows how many samples ", name_,
        " has: set rows_per_epoch to how many an epoch is to have (valid_rows_per_epoch for validation)");
    std::optional<Sample> found = read(*data_.iterable()->start(random), 0, random);
    require(found.has_value(), "There are no samples in ", name_, "; a data set needs at least one");
    first_ = std::move(*found);
}

int64_t DatasetRows::rows() const {
    if (!data_.indexed()) return settings_.rows_per_epoch;
    return numbers_.defined() ? numbers_.numel() : data_.indexed()->size();
}

std::unique_ptr<RowPass> DatasetRows::pass(const PassOptions& options) const {
    return std::make_unique<DatasetPass>(*this, options);
}

TensorDataset DatasetRows::sample(int64_t n, uint64_t seed) const {
    constexpr int64_t kMost = 1000;  // which have to be made, and may be large
    return RowSource::sample(std::min(n, kMost), seed);
}

const TensorDataset& DatasetRows::data() const {
    fail("The samples of ", name_, " are made when their turn comes, and are never in memory all at once");
}

std::shared_ptr<const RowSource> DatasetRows::taken(const at::Tensor& rows) const {
    require(takes_order(), "The samples of ", name_, " come one after the other, so that none can be taken by number");
    auto taken = std::make_shared<DatasetRows>(*this);
    taken->numbers_ = numbers_.defined() ? numbers_.index_select(0, rows) : rows.contiguous();
    return taken;
}

std::map<std::string, std::string> DatasetRows::facts() const {
    return {{"first sample", content_checksum({&first_.inputs, &first_.targets})},
            {"transforms", names_of(settings_.transforms)},
            {"collate function", name_of_collate()}};
}

std::string DatasetRows::name_of_collate() const {
    const Collate& collate = settings_.collate;
    if (const auto* padding = collate.target<PadCollate>()) return padding->settings();
    const auto* function = collate.target<Batch (*)(const std::vector<Sample>&)>();
    if (function != nullptr && *function == stack_collate) return "stack_collate";
    // Functions of one type differ in what they make of a sample.
    Sample sample = first_;
    transform(sample, /*seed=*/{});
    const Batch batch = collated({sample, sample}, 0);
    return concat(c10::demangle(collate.target_type().name()), ", ", content_checksum({&batch.inputs, &batch.targets}));
}

std::string DatasetRows::where(int64_t index) const {
    return concat("sample ", index, " of ", name_);
}

void DatasetRows::check(const Sample& sample) const {
    require(!sample.inputs.empty(), "it has no inputs");
    require_defined(sample.inputs, "input");
    require_defined(sample.targets, "target");
    if (sample.weight) {
        require(std::isfinite(*sample.weight) && *sample.weight >= 0, "its weight is ", *sample.weight,
                "; it must be a finite number of at least 0");
    }
    if (first_.inputs.empty()) return;  // this is the first one
    require_as_many(sample.inputs.size(), first_.inputs.size(), "input", first_.index);
    require_as_many(sample.targets.size(), first_.targets.size(), "target", first_.index);
    require(sample.weight.has_value() == is_weighted(), "it has ", sample.weight ? "a" : "no", " weight, and sample ",
            first_.index, is_weighted() ? " has one" : " has none");
}

Sample DatasetRows::read(int64_t row, Random& random) const {
    const int64_t index = numbers_.defined() ? numbers_.const_data_ptr<int64_t>()[row] : row;
    return saying_where(where(index), [&] {
        Sample sample = data_.indexed()->get(index, random);
        check(sample);
        sample.index = index;
        return sample;
    });
}

std::optional<Sample> DatasetRows::read(SampleStream& stream, int64_t row, Random& random) const {
    return saying_where(where(row), [&] {
        std::optional<Sample> sample = stream.next(random);
        if (!sample) return sample;
        check(*sample);
        sample->index = row;
        return sample;
    });
}

void DatasetRows::transform(Sample& sample, std::optional<uint64_t> seed) const {
    if (settings_.transforms.empty()) return;
    saying_where(concat("sample ", titled(sample), " of ", name_), [&] {
        apply_transforms(settings_.transforms, sample, seed);
        check(sample);
    });
}

Batch DatasetRows::collated(const std::vector<Sample>& samples, int64_t i) const {
    return saying_where(concat("batch ", i, " of ", name_), [&] {
        Batch batch = settings_.collate(samples);
        const auto n = static_cast<int64_t>(samples.size());
        require(!batch.inputs.empty(), "the collate function gave no inputs");
        for (const Tensors* tensors : {&batch.inputs, &batch.targets}) {
            for (const at::Tensor& tensor : *tensors) {
                require(tensor.defined() && tensor.dim() > 0 && tensor.size(0) == n,
                        "the collate function must give tensors with a row for each of ", n, " samples, and gave one ",
                        tensor.defined() ? concat("of shape ", tensor.sizes()) : "that is undefined");
            }
        }
        if (is_weighted() && !batch.weights.defined()) {
            std::vector<float> weights;
            for (const Sample& sample : samples) weights.push_back(static_cast<float>(*sample.weight));
            batch.weights = at::tensor(weights, at::kFloat);
        }
        return batch;
    });
}

}  // namespace embark
