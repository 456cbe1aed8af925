#include "archive_check.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <torch/types.h>

#include "../../core/detail/pickle_machine.h"
#include "../../core/detail/torch_archive.h"
#include "../../core/error.h"
#include "archive_code.h"

namespace embark {

namespace {

using pickle::Item;
using pickle::Items;

/// Goes through a pickle as LibTorch will, and looks at its tensors.
class TensorCheck : public pickle::Machine {
public:
    TensorCheck(std::string_view pickle, std::string tensors, TorchArchive& archive)
        : Machine(pickle), tensors_(std::move(tensors)), archive_(archive) {}

private:
    Item reduce(const std::string& name, const Items& arguments) override {
        if (name == "torch._utils._rebuild_tensor_v2" && arguments.size() >= 4) {
            const auto& storage = as<pickle::Storage>(arguments[0]);
            const auto element = static_cast<int64_t>(c10::elementSize(storage.type));
            int64_t bytes = 0;
            const bool possible = storage.numel >= 0 && !__builtin_mul_overflow(storage.numel, element, &bytes);
            // Of an empty storage there is nothing to read.
            const bool is_there =
                possible && (bytes == 0 || archive_.size(tensors_ + storage.key) >= static_cast<size_t>(bytes));
            require(is_there, "it is damaged: a tensor's numbers are not all there");
            pickle::require_within(storage.numel, as<int64_t>(arguments[1]), integers(arguments[2]),
                                   integers(arguments[3]));
            return {pickle::Object{}};
        }
        // Lists and dictionaries, with the types of what is in them.
        constexpr std::string_view kKnown[] = {
            "collections.OrderedDict",          "torch.jit._pickle.restore_type_tag",
            "torch.jit._pickle.build_intlist",  "torch.jit._pickle.build_doublelist",
            "torch.jit._pickle.build_boollist", "torch.jit._pickle.build_tensorlist"};
        if (std::ranges::find(kKnown, name) == std::end(kKnown)) refuse_call(name);
        return {pickle::Object{}};
    }

    /// LibTorch reads the numbers as often as they are referred to; some modules do so a few times.
    void refer(const pickle::Storage& storage) override {
        constexpr size_t kMostTimes = 16;
        const size_t bytes = archive_.size(tensors_ + storage.key);
        require(bytes <= kMostTimes * archive_.size() - referred_,
                "it is damaged: its tensors are larger than the file");
        referred_ += bytes;
    }

    Item new_object(const std::string& name) override {
        // Else it is a class of LibTorch's own, which restores itself.
        if (!name.starts_with("__torch__.") || name.starts_with("__torch__.torch.")) refuse_call(name);
        return {pickle::Object{}};
    }

    std::string tensors_;
    TorchArchive& archive_;
    size_t referred_ = 0;
};

}  // namespace

void check_archive(std::istream& stream, bool trusted) {
    TorchArchive archive(stream);
    std::vector<std::string> sources;
    for (const std::string& name : archive.names()) {
        if (name.starts_with("code/") && name.ends_with(".py")) sources.push_back(archive.read(name));
    }
    require_inert_code(sources);
    if (!trusted) require_known_code(sources);
    for (const std::string name : {"data", "constants"}) {
        if (!archive.has(name + ".pkl")) continue;
        const std::string pickle = archive.read(name + ".pkl");
        const Item root = TensorCheck(pickle, name + "/", archive).read();
        const bool is_module = std::holds_alternative<pickle::Object>(root.value);
        require(is_module || name != "data", "it is damaged: it holds no module");
    }
}

}  // namespace embark
