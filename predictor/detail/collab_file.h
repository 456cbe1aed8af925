#pragma once

#include <array>
#include <mutex>
#include <string>
#include <vector>

#include "../file_kind.h"
#include "../vocabulary.h"

namespace embark {

/// The attribute of files of interactions, which rank items: how they know users whom training did not see, "" where
/// they don't.
inline constexpr const char* kNewUserAttribute = "_embark_new_user";

/// The vocabulary of "user" or "item" in a file of ratings. Version 0.1 took ids as they were written.
Vocabulary collab_vocabulary(const ExportedFile& file, const std::string& what);

/// Answers files of ratings by the methods that collab_script.cpp wrote into them.
class CollabFile : public FileKind {
public:
    using FileKind::FileKind;

    at::Tensor predict_pairs(const std::vector<std::string>& users, const std::vector<std::string>& items,
                             EncodingCounts* counts) const override;
    bool knows_user(const std::string& user) const override;
    std::vector<Scored> recommend(const std::string& user, int64_t k) const override;
    std::vector<Scored> recommend_for(const std::vector<Scored>& ratings, int64_t k) const override;
    std::vector<Scored> recommend_for_items(const std::vector<std::string>& items, int64_t k) const override;
    std::vector<Scored> similar(const std::string& item, int64_t k) const override;

private:
    std::vector<Scored> ranked(const std::string& method, std::vector<c10::IValue> of, int64_t k) const;
    void require_item(const std::string& item) const;
    /// Counts the users and items that training did not have.
    void count(const std::vector<std::string>& users, const std::vector<std::string>& items,
               EncodingCounts& counts) const;

    /// Of users and items; made when something is first counted.
    mutable std::once_flag vocabularies_are_ready_;
    mutable std::array<Vocabulary, 2> vocabularies_;
};

}  // namespace embark
