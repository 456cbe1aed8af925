#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "../../core/forward_any.h"
#include "../../core/tensors.h"
#include "random.h"

namespace embark {

class Preprocessing;

/// One row of a data set. Its tensors have no dimension for rows: a picture is (channels, height, width).
struct Sample {
    Tensors inputs = {};   ///< what the model is called with
    Tensors targets = {};  ///< what its outputs are compared with
    /// How much it counts in the loss, at least 0. All samples of a data set have one, or none.
    std::optional<double> weight = {};
    /// Its number in the data set, or in the pass where they have no numbers; filled in as it is read.
    int64_t index = -1;
    /// What messages call it besides, as the file that it is from; may be empty.
    std::string name = {};
};

/// Number and name of a sample, for messages: "17 (digits/3/17.png)".
std::string titled(const Sample& sample);

/// Samples by number. An ordinary class need not derive from it, see AnyDataset.
class Dataset {
public:
    virtual ~Dataset();

    /// How many there are.
    virtual int64_t size() const = 0;

    /// Sample `index`, 0 <= index < size(), which should follow from `index` and `random` alone. Called from several
    /// threads at once. What it throws becomes an Error that names the sample.
    virtual Sample get(int64_t index, Random& random) const = 0;

    /// What gives back raw values of batches, the names of classes as those of ImageDataset; null: there is nothing.
    virtual std::shared_ptr<const Preprocessing> preprocessing() const { return nullptr; }
};

/// Samples one after the other.
class SampleStream {
public:
    virtual ~SampleStream();
    /// The next one, nothing after the last.
    virtual std::optional<Sample> next(Random& random) = 0;
};

/// Samples that have no numbers, and of which nobody knows how many there are.
class IterableDataset {
public:
    virtual ~IterableDataset();
    /// All of them, from the first on. Called at the beginning of a pass, and where the samples end before it.
    virtual std::unique_ptr<SampleStream> start(Random& random) const = 0;
};

namespace detail {

template <class T>
concept GetsAtRandom = requires(T& data, int64_t index, Random& random) { data.get(index, random); };
template <class T>
concept Gets = requires(T& data, size_t index) { data.get(index); };
/// A torch::data dataset with transforms.
template <class T>
concept GetsBatch = requires(T& data, const std::vector<size_t>& indices) { data.get_batch(indices); };
template <class T>
concept HasSample = GetsAtRandom<T> || Gets<T> || GetsBatch<T>;
template <class T>
concept HasNext = requires(T& data, Random& random) { data.next(random); } || requires(T& data) { data.next(); };
/// What torch::data calls an example.
template <class T>
concept IsExample = requires(T& example) {
    { example.data } -> std::convertible_to<at::Tensor>;
};

template <class Result>
Sample sample_of(Result result) {
    Sample sample;
    if constexpr (std::is_same_v<Result, Sample>) {
        return result;
    } else if constexpr (IsExample<Result>) {
        sample.inputs = {std::move(result.data)};
        if constexpr (requires { result.target; }) sample.targets = {std::move(result.target)};
    } else if constexpr (TupleLike<Result>) {
        constexpr size_t n = std::tuple_size_v<Result>;
        static_assert(n == 2 || n == 3, "A sample is (inputs, targets) or (inputs, targets, weight)");
        append_outputs(sample.inputs, std::move(std::get<0>(result)));
        append_outputs(sample.targets, std::move(std::get<1>(result)));
        if constexpr (n == 3) sample.weight = static_cast<double>(std::get<2>(result));
    } else {
        static_assert(IsOutput<Result>::value,
                      "A sample must be an embark::Sample, a torch::data::Example, a tensor, a std::vector of tensors, "
                      "or a pair or tuple (inputs, targets[, weight]) of these");
        append_outputs(sample.inputs, std::move(result));
    }
    return sample;
}

/// The only row of what a torch::data dataset has stacked.
Sample only_row(Sample stacked);

template <class T>
Sample sample_at(T& data, int64_t index, Random& random) {
    if constexpr (GetsAtRandom<T>) {
        return sample_of(data.get(index, random));
    } else if constexpr (GetsBatch<T>) {
        auto batch = data.get_batch(std::vector<size_t>{static_cast<size_t>(index)});
        if constexpr (requires { batch.front(); }) {
            return sample_of(std::move(batch.front()));
        } else {
            return only_row(sample_of(std::move(batch)));
        }
    } else {
        return sample_of(data.get(index));
    }
}

/// Throws Error where it is not known.
int64_t known_size(std::optional<size_t> size);

template <class T>
class DatasetOf : public Dataset {
public:
    static_assert(requires(const T& data) { data.size(); }, "A data set needs a member `size() const`");
    static_assert(HasSample<const T> || std::is_copy_constructible_v<T>,
                  "A data set needs a member `get(index) const`, or to be copied, one for each thread");

    explicit DatasetOf(T data) : data_(std::move(data)) {}

    int64_t size() const override {
        if constexpr (std::is_integral_v<decltype(data_.size())>)
            return static_cast<int64_t>(data_.size());
        else
            return known_size(data_.size());
    }

    std::shared_ptr<const Preprocessing> preprocessing() const override {
        if constexpr (requires { data_.preprocessing(); })
            return data_.preprocessing();
        else
            return nullptr;
    }

    Sample get(int64_t index, Random& random) const override {
        if constexpr (HasSample<const T>) {
            return sample_at(data_, index, random);
        } else {
            std::unique_ptr<T> own = take_copy();
            Sample sample = sample_at(*own, index, random);
            const std::lock_guard lock(mutex_);
            copies_.push_back(std::move(own));
            return sample;
        }
    }

private:
    std::unique_ptr<T> take_copy() const {
        const std::lock_guard lock(mutex_);
        if (copies_.empty()) return std::make_unique<T>(data_);
        std::unique_ptr<T> copy = std::move(copies_.back());
        copies_.pop_back();
        return copy;
    }

    const T data_;
    /// Of one whose `get` is not const: as many as there were threads at once.
    mutable std::vector<std::unique_ptr<T>> copies_;
    mutable std::mutex mutex_;
};

template <class T>
class IterableOf : public IterableDataset {
public:
    explicit IterableOf(T data) : data_(std::move(data)) {}

    std::unique_ptr<SampleStream> start(Random& random) const override {
        auto stream = std::make_unique<Stream>(data_);
        if constexpr (requires { stream->data.start(random); }) stream->data.start(random);
        return stream;
    }

private:
    struct Stream : SampleStream {
        explicit Stream(const T& from) : data(from) {}
        std::optional<Sample> next(Random& random) override {
            auto found = [&] {
                if constexpr (requires { data.next(random); })
                    return data.next(random);
                else
                    return data.next();
            }();
            if constexpr (requires { found.has_value(); }) {
                return found.has_value() ? std::optional(sample_of(*std::move(found))) : std::nullopt;
            } else {
                return sample_of(std::move(found));
            }
        }
        T data;
    };

    T data_;
};

}  // namespace detail

/// A data set of any class, as DataLoaders::from_dataset takes it. The class has
///
/// - `size() const` and `get(index) const`, or `get(index, random)` with a Random& for what is drawn at random. Where
///   `get` is not const, each thread has a copy. torch::data's datasets are such ones, with transforms too.
/// - or `next()`, or `next(random)`, which gives a std::optional of the next sample, nothing after the last. Each pass
///   has a copy, whose `start(random)` is called first where there is one.
///
/// A sample is a Sample, a torch::data::Example, a tensor, or a pair or tuple of inputs, targets and possibly a weight,
/// with a tensor or a std::vector of them for inputs and for targets.
///
/// One with `size()` and `get(index)` may have a member `preprocessing() const`, a std::shared_ptr to a Preprocessing,
/// which the DataLoaders have then.
class AnyDataset {
public:
    /// Takes an object of such a class, or a std::shared_ptr to a Dataset.
    template <class T>
        requires(!std::is_same_v<T, AnyDataset>)
    AnyDataset(T data) {  // NOLINT(google-explicit-constructor)
        if constexpr (std::is_convertible_v<T, std::shared_ptr<const Dataset>>) {
            indexed_ = std::move(data);
        } else if constexpr (std::is_convertible_v<T, std::shared_ptr<const IterableDataset>>) {
            iterable_ = std::move(data);
        } else if constexpr (std::is_base_of_v<Dataset, T>) {
            indexed_ = std::make_shared<const T>(std::move(data));
        } else if constexpr (std::is_base_of_v<IterableDataset, T>) {
            iterable_ = std::make_shared<const T>(std::move(data));
        } else if constexpr (detail::HasSample<T>) {
            indexed_ = std::make_shared<const detail::DatasetOf<T>>(std::move(data));
        } else {
            static_assert(detail::HasNext<T>, "A data set needs members `size()` and `get(index)`, or `next()`");
            iterable_ = std::make_shared<const detail::IterableOf<T>>(std::move(data));
        }
    }

    /// The data set where it has `size()` and `get(index)`; else null.
    const std::shared_ptr<const Dataset>& indexed() const { return indexed_; }
    /// The data set where it has `next()`; else null.
    const std::shared_ptr<const IterableDataset>& iterable() const { return iterable_; }

private:
    std::shared_ptr<const Dataset> indexed_;
    std::shared_ptr<const IterableDataset> iterable_;
};

}  // namespace embark
