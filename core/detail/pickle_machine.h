#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <ATen/core/Tensor.h>

namespace embark::pickle {

struct Item;
using Items = std::vector<Item>;

/// A list, tuple or dictionary, whose keys and values stand in turn.
struct Container {
    Items items = {};
    bool is_dictionary = false;
    int depth = 1;
    bool is_inside_another = false;
};

/// Something that Python would import, by its name, and the place where a tensor's numbers are.
struct Global {
    std::string name;
};
struct Storage {
    at::ScalarType type;
    std::string key;
    int64_t numel = 0;
};
struct ListMark {};
/// What nobody looks into.
struct Object {};

/// A value while a pickle is read. What others refer to is shared.
struct Item {
    std::variant<std::monostate, int64_t, double, std::shared_ptr<const std::string>, Global, Storage, ListMark, Object,
                 at::Tensor, std::shared_ptr<Container>>
        value;
};

/// Reads pickles, as torch.save and TorchScript write them, as data. A pickle is a program for a machine with a stack,
/// as Python's pickletools describes it (protocol 2), which may call any function: what it would call is asked of
/// reduce() and new_object(). It may also be anything: what is not well-formed is an Error that goes on from the name
/// of a file.
class Machine {
public:
    explicit Machine(std::string_view pickle) : size_(pickle.size()), rest_(pickle) {}
    virtual ~Machine() = default;

    Item read();

protected:
    /// What the function `name` gives for `arguments`.
    virtual Item reduce(const std::string& name, const Items& arguments) = 0;
    /// A new object of the class `name`; refused unless overridden.
    virtual Item new_object(const std::string& name);
    /// The pickle refers to the numbers of a tensor; whoever rebuilds it may read them anew each time.
    virtual void refer(const Storage& storage);
    [[noreturn]] static void refuse_call(const std::string& name);

    /// The value of an item. Throws Error where it is of another type.
    template <class Type>
    static const Type& as(const Item& item);
    static const Items& items(const Item& item) { return as<std::shared_ptr<Container>>(item)->items; }
    static std::vector<int64_t> integers(const Item& item);

private:
    void step(char code);
    std::string_view take(size_t n);
    uint8_t byte() { return static_cast<uint8_t>(take(1).front()); }
    template <class Number>
    Number number();
    int64_t long_number();
    double big_endian_double();
    std::string import_name();

    void push(Item item) { stack_.push_back(std::move(item)); }
    void push_container(Items items);
    Item& top();
    Item pop();
    Items pop_last(size_t n);
    Items pop_to_mark();
    void remember(uint32_t number);
    Item remembered(uint32_t number) const;
    void append(Items values);
    static void put_into(Container& container, Items values);
    static Item storage(const Items& parts);

    size_t size_;
    std::string_view rest_;
    Items stack_;
    std::map<uint32_t, Item> memo_;
};

[[noreturn]] void fail_as_other();

template <class Type>
const Type& Machine::as(const Item& item) {
    const Type* value = std::get_if<Type>(&item.value);
    if (value == nullptr) fail_as_other();
    return *value;
}

/// Throws Error unless a tensor of these sizes, strides and offset, all counted in elements, lies within `numel` of
/// them.
void require_within(int64_t numel, int64_t offset, const std::vector<int64_t>& sizes,
                    const std::vector<int64_t>& strides);

}  // namespace embark::pickle
