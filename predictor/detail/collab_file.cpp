#include "collab_file.h"

#include <utility>

#include <ATen/ATen.h>
#include <ATen/core/ivalue.h>
#include <torch/csrc/jit/api/module.h>

#include "../../core/error.h"
#include "../../core/text.h"
#include "../item_ranking.h"
#include "../vocabulary.h"

namespace embark {

namespace {

/// Throws Error where `value` is not a list of texts: what a file holds, and what its methods give, may be anything.
std::vector<std::string> to_strings(const ExportedFile& file, const c10::IValue& value) {
    const auto fail_as_other = [&] { fail(file.name(), " has something else where a list of names should be"); };
    if (!value.isList()) fail_as_other();
    std::vector<std::string> strings;
    for (const c10::IValue& name : value.toListRef()) {
        if (!name.isString()) fail_as_other();
        strings.push_back(name.toStringRef());
    }
    return strings;
}

/// How ids of "user" or "item" are spelled. Version 0.1 took them as they were written.
Spelling id_spelling(const ExportedFile& file, const std::string& what) {
    const std::string attribute = "_embark_" + what + "_spelling";
    if (!file.module().hasattr(attribute)) return Spelling::as_written;
    const c10::IValue value = file.attribute(attribute);
    const bool known = value.isInt() && value.toInt() >= 0 && value.toInt() <= static_cast<int64_t>(Spelling::trimmed);
    require(known, file.name(), " has another ", attribute, " than this version of Embark knows");
    return static_cast<Spelling>(value.toInt());
}

/// Whether the training data had this "user" or "item".
bool knows(const ExportedFile& file, const std::string& what, const std::string& name) {
    const c10::IValue value = file.attribute("_embark_" + what + "_index");
    const bool is_index = value.isGenericDict() && value.toGenericDict().keyType()->kind() == c10::TypeKind::StringType;
    require(is_index, file.name(), " has no index of what each ", what, " is called");
    return value.toGenericDict().contains(std::string(spell(id_spelling(file, what), name)));
}

}  // namespace

Vocabulary collab_vocabulary(const ExportedFile& file, const std::string& what) {
    return Vocabulary::from_names(to_strings(file, file.attribute("_embark_" + what + "s")), id_spelling(file, what));
}

at::Tensor CollabFile::predict_pairs(const std::vector<std::string>& users, const std::vector<std::string>& items,
                                     EncodingCounts* counts) const {
    require(users.size() == items.size(), "predict needs one item for each user, but got ", users.size(), " users and ",
            items.size(), " items");
    if (counts) count(users, items, *counts);
    const c10::IValue ratings = file().call("predict", {c10::List<std::string>(users), c10::List<std::string>(items)});
    const bool fits = ratings.isTensor() && ratings.toTensor().numel() == std::ssize(users);
    require(fits, file().name(), ": predict does not give a rating for each pair");
    return ratings.toTensor();
}

void CollabFile::count(const std::vector<std::string>& users, const std::vector<std::string>& items,
                       EncodingCounts& counts) const {
    require(file().info().inputs.size() == 2, file().name(), " does not say what its users and items are called");
    std::call_once(vocabularies_are_ready_, [&] {
        vocabularies_ = {collab_vocabulary(file(), "user"), collab_vocabulary(file(), "item")};
    });
    for (size_t i = 0; i < vocabularies_.size(); ++i) {
        SeenValues seen;
        for (const std::string& id : i == 0 ? users : items) seen.add(vocabularies_[i], id);
        counts.add(file().info().inputs[i], seen);
    }
}

bool CollabFile::knows_user(const std::string& user) const {
    return knows(file(), "user", user);
}

std::vector<Scored> CollabFile::recommend(const std::string& user, int64_t k) const {
    return ranked("recommend", {user}, k);
}

std::vector<Scored> CollabFile::recommend_for(const std::vector<Scored>& ratings, int64_t k) const {
    require(!ranks_items(file()), file().name(), " ranks items by what users had, without ratings: give recommend_for the items "
            "alone");
    require(file().has_method("recommend_for"), file().name(), " has no method recommend_for: its model does not add up ",
            "what users rated, as those of the preset best do");
    c10::List<std::string> items;
    c10::List<double> values;
    for (const auto& [item, rating] : ratings) {
        require_item(item);
        items.push_back(item);
        values.push_back(rating);
    }
    return ranked("recommend_for", {items, values}, k);
}

std::vector<Scored> CollabFile::recommend_for_items(const std::vector<std::string>& items, int64_t k) const {
    require(!file().has_method("recommend_for") || ranks_items(file()), file().name(),
            " predicts ratings: recommend_for needs the rating of each item too");
    require(file().has_method("recommend_for"), file().name(), " has no method recommend_for: its model has a vector of ",
            "each user's own, and none for a user whom training did not see");
    for (const std::string& item : items) require_item(item);
    return ranked("recommend_for", {c10::List<std::string>(items)}, k);
}

std::vector<Scored> CollabFile::similar(const std::string& item, int64_t k) const {
    require(file().has_method("similar"), file().name(), " has no method similar, since no ",
            "embedding of the items was found when it was exported; ExportOptions::item_factors names one");
    require_item(item);
    return ranked("similar", {item}, k);
}

void CollabFile::require_item(const std::string& item) const {
    if (knows(file(), "item", item)) return;
    auto names = to_strings(file(), file().attribute("_embark_items"));
    if (!names.empty()) names.erase(names.begin());  // #na#
    fail(file().name(), " has no item '", item, "'", name_hint(item, names));
}

std::vector<Scored> CollabFile::ranked(const std::string& method, std::vector<c10::IValue> of, int64_t k) const {
    require<UsageError>(k > 0, "Invalid number of results ", k, ": at least 1 is needed");
    of.emplace_back(k);
    const c10::IValue result = file().call(method, std::move(of));
    const auto fail_as_other = [&] { fail(file().name(), ": ", method, " does not give names and as many scores"); };
    if (!result.isTuple() || result.toTupleRef().size() != 2) fail_as_other();
    const auto& elements = result.toTupleRef().elements();
    const std::vector<std::string> names = to_strings(file(), elements[0]);
    if (!elements[1].isTensor() || elements[1].toTensor().numel() != std::ssize(names)) fail_as_other();
    const at::Tensor scores = elements[1].toTensor().to(at::kDouble).contiguous();
    std::vector<Scored> ranking;
    for (size_t i = 0; i < names.size(); ++i) ranking.push_back({names[i], scores.const_data_ptr<double>()[i]});
    return ranking;
}

}  // namespace embark
