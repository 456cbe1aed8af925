#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

#include "spelling.h"

namespace embark {

/// The categories of one column and the number of each: `#na#` is 0, the rest are sorted and numbered from 1 (fastai's
/// Categorify). Sorted as numbers where all are plain integers, else by their UTF-8 bytes. Where all are integers or
/// all are true or false, each has one spelling, by which values are looked up too (see Spelling). A value that is
/// missing, or that the vocabulary does not have, is 0. An immutable value; copies share.
class Vocabulary {
public:
    static constexpr std::string_view kMissing = "#na#";  ///< category 0: what is missing or unknown

    /// Only `#na#`.
    Vocabulary();

    /// The categories among `values`, in any order, repeated or not; empty texts are missing values.
    static Vocabulary fit(std::vector<std::string> values);

    /// The same for ids; see spelling_of_ids.
    static Vocabulary fit_ids(std::vector<std::string> values);

    /// A vocabulary with exactly these names, `#na#` first; as names() and spelling() gave them.
    static Vocabulary from_names(std::vector<std::string> names, Spelling spelling = Spelling::as_written);

    /// How its values are spelled.
    Spelling spelling() const;

    /// How many there are, `#na#` included: the rows that an embedding needs.
    int64_t size() const;

    /// The number of `value`, 0 where it is unknown.
    int64_t index(std::string_view value) const;
    /// Whether `value` is one of the names, `#na#` included.
    bool has(std::string_view value) const;

    /// Whether `value` is a missing one rather than one that training did not have.
    bool is_missing(std::string_view value) const;

    /// The name of number `index`. Throws Error where it is missing.
    const std::string& name(int64_t index) const;

    /// All names by number; names()[0] is `#na#`.
    const std::vector<std::string>& names() const;

    /// The names of `indices`, int64 of any shape, in their order. Throws Error for one that is not there.
    std::vector<std::string> decode(const at::Tensor& indices) const;

private:
    struct Impl;
    explicit Vocabulary(std::shared_ptr<const Impl> impl);
    std::shared_ptr<const Impl> impl_;
};

}  // namespace embark
