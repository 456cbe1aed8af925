#include "pickle_machine.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <iterator>

#include <torch/types.h>

#include "../error.h"

namespace embark::pickle {

namespace {

/// Values within values within values: each costs a stack frame when they are given back.
constexpr int kMaxDepth = 100;

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

Item text(std::string_view text) {
    return {std::make_shared<const std::string>(text)};
}

}  // namespace

void fail_as_other() {
    fail("it has something else than tensors by name");
}

Item Machine::read() {
    for (;;) {
        const char code = take(1).front();
        if (code == '.') {
            require(stack_.size() == 1, "it is damaged: it has ", stack_.size(), " values in the place of one");
            return pop();
        }
        step(code);
    }
}

void Machine::step(char code) {
    switch (code) {
        case '\x80': take(1); break;  // the protocol's number
        case 'q': remember(byte()); break;
        case 'r': remember(number<uint32_t>()); break;
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
        case 'X': push(text(take(number<uint32_t>()))); break;
        case '(': push({ListMark{}}); break;
        case ')': push_container({}); break;
        case ']': push_container({}); break;
        case '}': push({std::make_shared<Container>(Container{.is_dictionary = true})}); break;
        case 't': push_container(pop_to_mark()); break;
        case '\x85': push_container(pop_last(1)); break;
        case '\x86': push_container(pop_last(2)); break;
        case '\x87': push_container(pop_last(3)); break;
        case 'a': append(pop_last(1)); break;
        case 'e': append(pop_to_mark()); break;
        case 's': append(pop_last(2)); break;
        case 'u': append(pop_to_mark()); break;
        case 'Q': {
            push(storage(items(pop())));
            refer(as<Storage>(top()));
            break;
        }
        case 'R': {
            const Item arguments = pop();
            const std::string name = as<Global>(pop()).name;
            push(reduce(name, items(arguments)));
            break;
        }
        case '\x81': {
            pop();  // arguments
            push(new_object(as<Global>(pop()).name));
            break;
        }
        case 'b': pop(); break;  // attributes, of an OrderedDict the versions of its layers
        default:
            fail("it has something else than tensors by name (pickle's operation ",
                 static_cast<int>(static_cast<unsigned char>(code)), ")");
    }
}

std::string_view Machine::take(size_t n) {
    require(n <= rest_.size(), "it ends too early");
    const std::string_view taken = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return taken;
}

template <class Number>
Number Machine::number() {
    Number value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
}

int64_t Machine::long_number() {
    const std::string_view bytes = take(byte());
    require(bytes.size() <= 8, "it has a number of more than 64 bits");
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.size(); ++i) value |= uint64_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
    const bool negative = !bytes.empty() && static_cast<signed char>(bytes.back()) < 0 && bytes.size() < 8;
    return static_cast<int64_t>(negative ? value | ~uint64_t{0} << (8 * bytes.size()) : value);
}

double Machine::big_endian_double() {
    uint64_t bits = 0;
    for (const char c : take(8)) bits = bits << 8 | static_cast<uint8_t>(c);
    return std::bit_cast<double>(bits);
}

std::string Machine::import_name() {
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

void Machine::push_container(Items items) {
    auto container = std::make_shared<Container>();
    put_into(*container, std::move(items));
    push({std::move(container)});
}

/// What is inside another is finished, so that nothing can be inside itself and the depth stays true.
void Machine::put_into(Container& container, Items values) {
    require(!container.is_inside_another, "it is damaged: a value is inside another that it is made of");
    for (Item& value : values) {
        if (auto* inner = std::get_if<std::shared_ptr<Container>>(&value.value)) {
            require(inner->get() != &container, "it is damaged: a value is inside itself");
            (*inner)->is_inside_another = true;
            container.depth = std::max(container.depth, (*inner)->depth + 1);
        }
        container.items.push_back(std::move(value));
    }
    require(container.depth <= kMaxDepth, "its values are nested more than ", kMaxDepth, " deep");
}

Item& Machine::top() {
    require(!stack_.empty(), "it is damaged: it takes more than there is");
    return stack_.back();
}

Item Machine::pop() {
    Item item = std::move(top());
    stack_.pop_back();
    return item;
}

Items Machine::pop_last(size_t n) {
    require(n <= stack_.size(), "it is damaged: it takes more than there is");
    const auto first = stack_.end() - static_cast<std::ptrdiff_t>(n);
    Items last(std::make_move_iterator(first), std::make_move_iterator(stack_.end()));
    stack_.erase(first, stack_.end());
    return last;
}

Items Machine::pop_to_mark() {
    size_t begin = stack_.size();
    while (begin > 0 && !std::holds_alternative<ListMark>(stack_[begin - 1].value)) --begin;
    require(begin > 0, "it is damaged: a list has no beginning");
    Items last = pop_last(stack_.size() - begin);
    pop();
    return last;
}

/// LibTorch makes room for all the numbers up to the highest, which writers count from 0.
void Machine::remember(uint32_t number) {
    require(number < size_, "it is damaged: it gives a value a number that it has no values for");
    memo_[number] = top();
}

Item Machine::remembered(uint32_t number) const {
    const auto found = memo_.find(number);
    require(found != memo_.end(), "it is damaged: it refers to what is not there");
    return found->second;
}

void Machine::append(Items values) {
    put_into(*as<std::shared_ptr<Container>>(top()), std::move(values));
}

std::vector<int64_t> Machine::integers(const Item& item) {
    std::vector<int64_t> values;
    for (const Item& value : items(item)) values.push_back(as<int64_t>(value));
    return values;
}

/// Of ("storage", type, key, device, size).
Item Machine::storage(const Items& parts) {
    using Text = std::shared_ptr<const std::string>;
    require(parts.size() == 5 && *as<Text>(parts[0]) == "storage", "it refers to what is not a storage");
    const std::string& name = as<Global>(parts[1]).name;
    for (const StorageType& known : kStorageTypes) {
        if (known.name == name) return {Storage{known.type, *as<Text>(parts[2]), as<int64_t>(parts[4])}};
    }
    refuse_call(name);
}

Item Machine::new_object(const std::string& name) {
    refuse_call(name);
}

void Machine::refer(const Storage&) {}

void Machine::refuse_call(const std::string& name) {
    std::string shown = name.substr(0, 80);
    for (char& c : shown) {
        if (static_cast<unsigned char>(c) < ' ') c = '?';
    }
    fail("it asks Python for ", shown, ", and only tensors are read");
}

void require_within(int64_t numel, int64_t offset, const std::vector<int64_t>& sizes,
                    const std::vector<int64_t>& strides) {
    constexpr size_t kMaxDimensions = 64;
    require(sizes.size() == strides.size() && sizes.size() <= kMaxDimensions && offset >= 0,
            "it is damaged: a tensor has sizes without strides");
    int64_t last = offset, count = 1;
    bool empty = false;
    for (size_t i = 0; i < sizes.size(); ++i) {
        int64_t step = 0;
        const bool bad = sizes[i] < 0 || strides[i] < 0 ||
                         __builtin_mul_overflow(std::max<int64_t>(sizes[i] - 1, 0), strides[i], &step) ||
                         __builtin_add_overflow(last, step, &last) ||
                         __builtin_mul_overflow(std::max<int64_t>(sizes[i], 1), count, &count);
        require(!bad && count <= int64_t{1} << 56, "it is damaged: a tensor has sizes that no tensor has");
        empty = empty || sizes[i] == 0;
    }
    require(empty || last < numel, "it is damaged: a tensor lies outside of its storage");
}

}  // namespace embark::pickle
