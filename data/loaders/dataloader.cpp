#include "dataloader.h"

#include <algorithm>
#include <utility>

#include <ATen/ATen.h>

#include "../../core/detail/checksum.h"
#include "../../core/error.h"
#include "detail/apply_transforms.h"
#include "detail/memory_rows.h"
#include "detail/random_order.h"

namespace embark {

namespace {

/// Far more than anyone has members; the rows of a batch stay a number.
constexpr int64_t kMostPasses = 1 << 20;

Batch placed(Batch batch, at::Device device) {
    const auto move = [&](at::Tensor& tensor) {
        if (tensor.defined() && tensor.device() != device) tensor = tensor.to(device);
    };
    for (at::Tensor& input : batch.inputs) move(input);
    for (at::Tensor& target : batch.targets) move(target);
    move(batch.weights);
    return batch;
}

}  // namespace

DataLoader::DataLoader(TensorDataset data, DataLoaderOptions options)
    : DataLoader(std::make_shared<const MemoryRows>(data, options.device), std::move(options)) {}

DataLoader::DataLoader(std::shared_ptr<const RowSource> source, DataLoaderOptions options)
    : source_(std::move(source)), options_(std::move(options)) {
    require<UsageError>(source_ != nullptr, "A DataLoader needs a source of rows, and was given none");
    require_device(options_.device);
    require<UsageError>(options_.batch_size >= 1, "Invalid batch size: ", options_.batch_size,
                        "; it must be at least 1");
    require<UsageError>(options_.shuffle_buffer >= 1, "Invalid shuffle_buffer: ", options_.shuffle_buffer,
                        "; it must be at least 1");
    require(rows() > 0, "There are no rows in ", source_->source(), "; a data set needs at least one");
    require<UsageError>(!options_.sampler || source_->takes_order(),
                        "A sampler chooses rows by their numbers, and those of ", source_->source(),
                        " come in an order of their own: leave it out");
    require<UsageError>(options_.passes >= 1 && options_.passes <= kMostPasses,
                        "Invalid number of passes, of which each member of a model has its own: ",
                        options_.passes, "; it must be between 1 and ", kMostPasses);
    require<UsageError>(options_.passes == 1 || source_->takes_order(),
                        "Members that are trained on rows of their own need rows by their numbers, and those of ",
                        source_->source(), " come in an order of their own: read them into memory, or train one member");
    pass_rows_ = options_.sampler ? sampled(derived_seed(options_.seed, 0)).numel() : rows();
}

int64_t DataLoader::size() const {
    const int64_t full = pass_rows_ / options_.batch_size;
    const bool short_one = pass_rows_ % options_.batch_size != 0;
    return full + (short_one && (!options_.drop_last || full == 0) ? 1 : 0);
}

at::Tensor DataLoader::sampled(uint64_t seed) const {
    const at::Tensor rows = options_.sampler({.rows = this->rows(), .batch_size = options_.batch_size, .seed = seed});
    const std::string source = source_->source();
    require(rows.defined() && rows.dim() == 1 && rows.scalar_type() == at::kLong,
            "A sampler must give row numbers as a 1-d int64 tensor, and gave ",
            rows.defined() ? concat("one of ", rows.scalar_type(), " and shape ", rows.sizes()) : "none");
    require(rows.numel() > 0, "The sampler gave no rows of ", source);
    const int64_t first = rows.min().item<int64_t>(), last = rows.max().item<int64_t>();
    require(first >= 0 && last < this->rows(), "The sampler gave row ", first < 0 ? first : last, " of ", source,
            ", of which there are ", this->rows(), ", counted from 0");
    return rows.cpu().contiguous();
}

at::Tensor DataLoader::order(int64_t number) const {
    if (!options_.sampler && options_.passes == 1) return {};
    const uint64_t seed = derived_seed(options_.seed, number);
    std::vector<at::Tensor> passes;
    for (int64_t i = 0; i < options_.passes; ++i) {
        const uint64_t of_pass = i == 0 ? seed : derived_seed(seed, i);
        passes.push_back(options_.sampler   ? sampled(of_pass)
                         : options_.shuffle ? permutation(rows(), of_pass)
                                            : at::arange(rows()));
        const int64_t found = passes.back().numel();
        require(found == pass_rows_, "The sampler gave ", found, " rows for epoch ", number, ", and ", pass_rows_,
                " for epoch 0; all epochs need as many");
    }
    return passes.size() == 1 ? passes.front() : at::stack(passes, 1).flatten();
}

DataLoader DataLoader::in_order() const {
    DataLoader other = *this;
    other.options_.shuffle = other.options_.drop_last = other.options_.augment = false;
    other.options_.sampler = {};
    other.options_.passes = 1;
    other.pass_rows_ = rows();
    return other;
}

DataLoader DataLoader::with_passes(int64_t passes) const {
    DataLoaderOptions options = options_;
    options.passes = passes;
    return DataLoader(source_, std::move(options));
}

DataLoader DataLoader::augmented(int64_t number) const {
    DataLoader other = in_order();
    other.options_.augment = true;
    other.augmented_ = 1 + number;
    return other;
}

Batch DataLoader::first_rows(int64_t n) const {
    const int64_t taken = std::min(n, rows());
    Batch batch = source_->first_rows(std::max<int64_t>(taken, 1), pass_options(0, {}).random);
    batch = placed(std::move(batch), options_.device);
    apply_transforms(options_.batch_transforms, batch, /*seed=*/{});
    return batch.take(at::arange(taken));
}

TensorDataset DataLoader::sample() const {
    return source_->sample(std::min(rows(), options_.shuffle_buffer), derived_seed(options_.seed, 0));
}

std::map<std::string, int64_t> DataLoader::order_settings() const {
    auto settings = source_->order_settings(pass_options(0, {}));
    if (options_.passes > 1) settings["passes at once"] = options_.passes;
    return settings;
}

std::map<std::string, std::string> DataLoader::facts() const {
    auto facts = source_->facts();
    if (options_.sampler) {
        const at::Tensor rows = sampled(derived_seed(options_.seed, 0));
        const std::string_view bytes(static_cast<const char*>(rows.const_data_ptr()), rows.nbytes());
        facts["sampler"] = concat(pass_rows_, " rows an epoch, checksum ", crc32_hex({bytes}));
    }
    if (!options_.batch_transforms.empty()) facts["batch transforms"] = names_of(options_.batch_transforms);
    return facts;
}

PassOptions DataLoader::pass_options(int64_t number, Share share) const {
    const uint64_t seed = derived_seed(options_.seed, number);
    return {.batch_size = rows_at_once(),
            .seed = options_.shuffle ? std::optional(seed) : std::nullopt,
            .share = share,
            .shuffle_buffer = options_.shuffle_buffer,
            .random = mix(seed),
            .augment = options_.augment ? std::optional(derived_seed(seed, augmented_)) : std::nullopt};
}

DataLoader::Epoch DataLoader::epoch(int64_t number, Share share) const {
    PassOptions pass = pass_options(number, share);
    pass.order = order(number);
    Epoch epoch;
    epoch.source_ = source_;
    epoch.pass_ = source_->pass(pass);
    epoch.options_ = options_;
    epoch.augment_ = pass.augment;
    epoch.share_ = share;
    epoch.rows_ = pass_rows_ * options_.passes;
    epoch.rows_at_once_ = rows_at_once();
    epoch.size_ = size();
    return epoch;
}

int64_t DataLoader::Epoch::rows(int64_t i) const {
    return std::min(rows_at_once_, rows_ - i * rows_at_once_);
}

Batch DataLoader::Epoch::operator[](int64_t i) const {
    Batch batch = placed(pass_->batch(i), options_.device);
    if (!options_.batch_transforms.empty()) {
        const at::NoGradGuard no_grad;
        // Processes that have a part each draw other numbers for theirs.
        const int64_t part = is_shared() ? share_.part(rows(i)).begin : 0;
        const auto seed = augment_ ? std::optional(derived_seed(derived_seed(*augment_, -1 - i), part)) : augment_;
        apply_transforms(options_.batch_transforms, batch, seed);
    }
    return batch;
}

}  // namespace embark
