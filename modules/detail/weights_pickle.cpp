#include "weights_pickle.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include <torch/types.h>

#include "../../core/error.h"
#include "../../core/text.h"

namespace embark {

namespace {

struct Item;
using Items = std::vector<Item>;
using Entries = std::vector<std::pair<Item, Item>>;

/// Something that Python would import, by its name, and the place where a tensor's numbers are.
struct Global {
    std::string name;
};
struct Storage {
    at::ScalarType type;
    std::string key;
};
struct Mark {};

/// A value while the pickle is read. What others refer to, lists and dictionaries, is shared.
struct Item {
    std::variant<std::monostate, int64_t, double, std::string, Global, Storage, Mark, at::Tensor,
                 std::shared_ptr<Items>, std::shared_ptr<Entries>>
        value;
};

struct StorageType {
    const char* name;
    at::ScalarType type;
};
constexpr std::array<StorageType, 10> kStorageTypes = {{{"torch.FloatStorage", at::kFloat},
                                                        {"torch.DoubleStorage", at::kDouble},
                                                        {"torch.HalfStorage", at::kHalf},
                                                        {"torch.BFloat16Storage", at::kBFloat16},
                                                        {"torch.LongStorage", at::kLong},
                                                        {"torch.IntStorage", at::kInt},
                                                        {"torch.ShortStorage", at::kShort},
                                                        {"torch.CharStorage", at::kChar},
                                                        {"torch.ByteStorage", at::kByte},
                                                        {"torch.BoolStorage", at::kBool}}};

/// A machine with a stack, as Python's pickletools describes it (protocol 2, which torch.save writes).
class WeightsPickle {
public:
    WeightsPickle(std::string_view pickle, const ReadStorage& read_storage)
        : rest_(pickle), read_storage_(read_storage) {}

    Item read() {
        for (;;) {
            const char code = take(1).front();
            if (code == '.') return pop();
            step(code);
        }
    }

private:
    void step(char code) {
        switch (code) {
            case '\x80': take(1); break;                       // the protocol's number
            case 'q': memo_[byte()] = top(); break;
            case 'r': memo_[number<uint32_t>()] = top(); break;
            case 'h': push(remembered(byte())); break;
            case 'j': push(remembered(number<uint32_t>())); break;
            case 'c': push({Global{import_name()}}); break;
            case 'N': push({}); break;
            case '\x88': push({int64_t{1}}); break;
            case '\x89': push({int64_t{0}}); break;
            case 'K': push({static_cast<int64_t>(byte())}); break;
            case 'M': push({static_cast<int64_t>(number<uint16_t>())}); break;
            case 'J': push({static_cast<int64_t>(number<int32_t>())}); break;
            case '\x8a': push({long_number()}); break;
            case 'G': push({big_endian_double()}); break;
            case 'X': push({std::string(take(number<uint32_t>()))}); break;
            case '(': push({Mark{}}); break;
            case ')': push_items({}); break;
            case ']': push_items({}); break;
            case '}': push({std::make_shared<Entries>()}); break;
            case 't': push_items(pop_to_mark()); break;
            case '\x85': push_items(pop_last(1)); break;
            case '\x86': push_items(pop_last(2)); break;
            case '\x87': push_items(pop_last(3)); break;
            case 'a': append(pop_last(1)); break;
            case 'e': append(pop_to_mark()); break;
            case 's': set(pop_last(2)); break;
            case 'u': set(pop_to_mark()); break;
            case 'Q': push(storage(items(pop()))); break;
            case 'R': reduce(); break;
            case '\x81': new_object(); break;
            case 'b': pop(); break;  // attributes of an OrderedDict, the versions of its layers
            default:
                fail("it has something else than tensors by name (pickle's operation ",
                     static_cast<int>(static_cast<unsigned char>(code)), ")");
        }
    }

    std::string_view take(size_t n) {
        require(n <= rest_.size(), "it ends too early");
        const std::string_view taken = rest_.substr(0, n);
        rest_.remove_prefix(n);
        return taken;
    }
    uint8_t byte() { return static_cast<uint8_t>(take(1).front()); }
    template <class Number>
    Number number() {
        Number value;
        std::memcpy(&value, take(sizeof value).data(), sizeof value);
        return value;
    }
    int64_t long_number() {
        const std::string_view bytes = take(byte());
        require(bytes.size() <= 8, "it has a number of more than 64 bits");
        uint64_t value = 0;
        for (size_t i = 0; i < bytes.size(); ++i) value |= uint64_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
        const bool negative = !bytes.empty() && static_cast<signed char>(bytes.back()) < 0 && bytes.size() < 8;
        return static_cast<int64_t>(negative ? value | ~uint64_t{0} << (8 * bytes.size()) : value);
    }
    double big_endian_double() {
        uint64_t bits = 0;
        for (const char c : take(8)) bits = bits << 8 | static_cast<uint8_t>(c);
        return std::bit_cast<double>(bits);
    }
    std::string import_name() {
        std::string name;
        for (const char separator : {'.', '\0'}) {
            const size_t end = rest_.find('\n');
            require(end != rest_.npos, "it ends too early");
            name += rest_.substr(0, end);
            if (separator != '\0') name += separator;
            rest_.remove_prefix(end + 1);
        }
        return name;
    }

    void push(Item item) { stack_.push_back(std::move(item)); }
    void push_items(Items items) { push({std::make_shared<Items>(std::move(items))}); }
    Item& top() {
        require(!stack_.empty(), "it is damaged: it takes more than there is");
        return stack_.back();
    }
    Item pop() {
        Item item = std::move(top());
        stack_.pop_back();
        return item;
    }
    Items pop_last(size_t n) {
        require(n <= stack_.size(), "it is damaged: it takes more than there is");
        Items last(stack_.end() - static_cast<std::ptrdiff_t>(n), stack_.end());
        stack_.resize(stack_.size() - n);
        return last;
    }
    Items pop_to_mark() {
        size_t begin = stack_.size();
        while (begin > 0 && !std::holds_alternative<Mark>(stack_[begin - 1].value)) --begin;
        require(begin > 0, "it is damaged: a list has no beginning");
        Items last = pop_last(stack_.size() - begin);
        pop();
        return last;
    }
    Item remembered(uint32_t number) {
        const auto found = memo_.find(number);
        require(found != memo_.end(), "it is damaged: it refers to what is not there");
        return found->second;
    }

    template <class Type>
    static const Type& as(const Item& item) {
        const Type* value = std::get_if<Type>(&item.value);
        require(value != nullptr, "it has something else than tensors by name");
        return *value;
    }
    static const Items& items(const Item& item) { return *as<std::shared_ptr<Items>>(item); }
    static std::vector<int64_t> integers(const Item& item) {
        std::vector<int64_t> values;
        for (const Item& value : items(item)) values.push_back(as<int64_t>(value));
        return values;
    }

    void append(const Items& values) {
        Items& list = *as<std::shared_ptr<Items>>(top());
        list.insert(list.end(), values.begin(), values.end());
    }
    void set(const Items& pairs) {
        Entries& entries = *as<std::shared_ptr<Entries>>(top());
        require(pairs.size() % 2 == 0, "it is damaged: a name has no value");
        for (size_t i = 0; i < pairs.size(); i += 2) entries.emplace_back(pairs[i], pairs[i + 1]);
    }

    /// Of ("storage", type, key, device, size).
    static Item storage(const Items& parts) {
        require(parts.size() == 5 && as<std::string>(parts[0]) == "storage", "it refers to what is no storage");
        const std::string& name = as<Global>(parts[1]).name;
        for (const StorageType& known : kStorageTypes) {
            if (known.name == name) return {Storage{known.type, as<std::string>(parts[2])}};
        }
        fail("it has a tensor of a type that is not read: ", name);
    }

    void reduce() {
        const Items arguments = items(pop());
        const std::string name = as<Global>(pop()).name;
        if (name == "collections.OrderedDict" && arguments.empty()) {
            push({std::make_shared<Entries>()});
        } else if (name == "torch._utils._rebuild_tensor_v2" && arguments.size() >= 4) {
            push({tensor(as<Storage>(arguments[0]), as<int64_t>(arguments[1]), integers(arguments[2]),
                         integers(arguments[3]))});
        } else if (name == "torch._utils._rebuild_parameter" && !arguments.empty()) {
            push({as<at::Tensor>(arguments[0])});
        } else {
            fail("it asks Python to call ", one_line_name(name), ", and only weights are read");
        }
    }
    /// fastai keeps the optimizer's hyper-parameters in a list of its own beside the weights; what is in it is left out.
    void new_object() {
        const Items arguments = items(pop());
        const std::string name = as<Global>(pop()).name;
        require(name == "fastcore.foundation.L" && arguments.empty(), "it asks Python to make a ", one_line_name(name),
                ", and only weights are read");
        push({std::make_shared<Entries>()});
    }
    static std::string one_line_name(std::string name) {
        for (char& c : name) {
            if (static_cast<unsigned char>(c) < ' ') c = '?';
        }
        return name.substr(0, 80);
    }

    at::Tensor tensor(const Storage& storage, int64_t offset, const std::vector<int64_t>& sizes,
                      const std::vector<int64_t>& strides) {
        auto [known, is_new] = storages_.try_emplace(storage.key);
        if (is_new) {
            const std::string bytes = read_storage_(storage.key);
            known->second = at::empty({static_cast<int64_t>(bytes.size())}, at::kByte);
            std::memcpy(known->second.data_ptr(), bytes.data(), bytes.size());
        }
        const auto element = static_cast<int64_t>(c10::elementSize(storage.type));
        const int64_t n = known->second.numel() / element;
        require(sizes.size() == strides.size() && offset >= 0, "it is damaged: a tensor has sizes without strides");
        int64_t last = offset;
        bool empty = false;
        for (size_t i = 0; i < sizes.size(); ++i) {
            int64_t step = 0;
            const bool bad = sizes[i] < 0 || strides[i] < 0 ||
                             (sizes[i] > 0 && __builtin_mul_overflow(sizes[i] - 1, strides[i], &step)) ||
                             __builtin_add_overflow(last, step, &last);
            require(!bad, "it is damaged: a tensor has sizes that no tensor has");
            empty = empty || sizes[i] == 0;
        }
        require(empty || last < n, "it is damaged: a tensor lies outside of its storage");
        if (empty) return at::empty(sizes, storage.type);
        return known->second.slice(0, 0, n * element).view(storage.type).as_strided(sizes, strides, offset).clone(
            at::MemoryFormat::Contiguous);
    }

    std::string_view rest_;
    const ReadStorage& read_storage_;
    Items stack_;
    std::map<uint32_t, Item> memo_;
    std::map<std::string, at::Tensor> storages_;
};

std::string name_of(const Item& key) {
    const auto* name = std::get_if<std::string>(&key.value);
    require(name != nullptr, "it has an entry whose name is not a text");
    return *name;
}

const Entries& dictionary(const Item& item, const std::string& what) {
    const auto* entries = std::get_if<std::shared_ptr<Entries>>(&item.value);
    require(entries != nullptr, what, " is not a dictionary of tensors by name, as a state_dict is");
    return **entries;
}

const Item& entry_named(const Entries& entries, const std::string& name) {
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
    const Entries* entries = &dictionary(content, "it");
    if (!entry.empty()) entries = &dictionary(entry_named(*entries, entry), concat("its entry '", entry, "'"));
    std::map<std::string, at::Tensor> tensors;
    for (const auto& [key, value] : *entries) {
        const std::string name = name_of(key);
        const bool nested = std::holds_alternative<std::shared_ptr<Entries>>(value.value);
        const auto* tensor = std::get_if<at::Tensor>(&value.value);
        require(tensor != nullptr, "it has something else than a tensor as '", name, "'",
                nested ? concat("; where that has the weights, give {.entry = \"", name, "\"}") : "");
        tensors[name] = *tensor;
    }
    return tensors;
}

}  // namespace embark
