#include "weights_pickle.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "../../core/detail/pickle_machine.h"
#include "../../core/error.h"
#include "../../core/text.h"

namespace embark {

namespace {

using pickle::Container;
using pickle::Item;
using pickle::Items;
using Entries = std::vector<std::pair<Item, Item>>;

/// Knows how torch.save rebuilds tensors, parameters and dictionaries of them.
class WeightsPickle : public pickle::Machine {
public:
    WeightsPickle(std::string_view pickle, const ReadStorage& read_storage)
        : Machine(pickle), read_storage_(read_storage) {}

private:
    Item reduce(const std::string& name, const Items& arguments) override {
        if (name == "collections.OrderedDict" && arguments.empty())
            return {std::make_shared<Container>(Container{.is_dictionary = true})};
        if (name == "torch._utils._rebuild_tensor_v2" && arguments.size() >= 4) {
            return {tensor(as<pickle::Storage>(arguments[0]), as<int64_t>(arguments[1]), integers(arguments[2]),
                           integers(arguments[3]))};
        }
        if (name == "torch._utils._rebuild_parameter" && !arguments.empty()) return {as<at::Tensor>(arguments[0])};
        refuse_call(name);
    }

    /// fastai keeps the optimizer's hyper-parameters in a list of its own beside the weights, which is not looked into.
    Item new_object(const std::string& name) override {
        return name == "fastcore.foundation.L" ? Item{pickle::Object{}} : Machine::new_object(name);
    }

    at::Tensor tensor(const pickle::Storage& storage, int64_t offset, const std::vector<int64_t>& sizes,
                      const std::vector<int64_t>& strides) {
        auto [known, is_new] = storages_.try_emplace(storage.key);
        if (is_new) {
            const std::string bytes = read_storage_(storage.key);
            known->second = at::empty({static_cast<int64_t>(bytes.size())}, at::kByte);
            std::ranges::copy(bytes, static_cast<char*>(known->second.data_ptr()));  // of none there is no place
        }
        const auto element = static_cast<int64_t>(c10::elementSize(storage.type));
        const int64_t n = known->second.numel() / element;
        pickle::require_within(n, offset, sizes, strides);
        if (std::ranges::find(sizes, 0) != sizes.end()) return at::empty(sizes, storage.type);
        return known->second.slice(0, 0, n * element).view(storage.type).as_strided(sizes, strides, offset);
    }

    const ReadStorage& read_storage_;
    std::map<std::string, at::Tensor> storages_;
};

std::string name_of(const Item& key) {
    const auto* name = std::get_if<std::shared_ptr<const std::string>>(&key.value);
    require(name != nullptr, "it has an entry whose name is not a text");
    return **name;
}

Entries dictionary(const Item& item, const std::string& what) {
    const auto* container = std::get_if<std::shared_ptr<Container>>(&item.value);
    require(container != nullptr && (*container)->is_dictionary && (*container)->items.size() % 2 == 0, what,
            " is not a dictionary of tensors by name, as a state_dict is");
    Entries entries;
    const Items& items = (*container)->items;
    for (size_t i = 0; i < items.size(); i += 2) entries.emplace_back(items[i], items[i + 1]);
    return entries;
}

Item entry_named(const Entries& entries, const std::string& name) {
    std::vector<std::string> names;
    for (const auto& [key, value] : entries) {
        names.push_back(name_of(key));
        if (names.back() == name) return value;
    }
    fail("it has no entry '", name, "'", name_hint(name, names));
}

}  // namespace

std::map<std::string, at::Tensor> read_weights_pickle(std::string_view pickle, const ReadStorage& read_storage,
                                                      const std::string& entry) {
    const Item content = WeightsPickle(pickle, read_storage).read();
    Entries entries = dictionary(content, "it");
    if (!entry.empty()) entries = dictionary(entry_named(entries, entry), concat("its entry '", entry, "'"));
    std::map<std::string, at::Tensor> tensors;
    for (const auto& [key, value] : entries) {
        const std::string name = name_of(key);
        const auto* container = std::get_if<std::shared_ptr<Container>>(&value.value);
        const bool nested = container != nullptr && (*container)->is_dictionary;
        const auto* tensor = std::get_if<at::Tensor>(&value.value);
        require(tensor != nullptr, "it has something else than a tensor as '", name, "'",
                nested ? concat("; where that has the weights, give {.entry = \"", name, "\"}") : "");
        tensors[name] = *tensor;
    }
    return tensors;
}

}  // namespace embark
