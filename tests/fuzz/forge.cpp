#include "forge.h"

#include <limits>
#include <vector>

#include <nlohmann/json.hpp>
#include <torch/torch.h>

#include "mutate.h"

namespace embark::fuzz {

using nlohmann::json;

namespace {

/// A list that is longer than any that is meant, and not so long that the campaign waits for it.
constexpr size_t kLong = 10'000;

/// Values that readers stumble over.
json odd_value(std::mt19937_64& random) {
    static const std::vector<json> values = {
        nullptr, true, false, 0, 1, -1, 2, 7, 0.5, -0.0, 1e9, 1e300, -1e300, 1 << 31, std::numeric_limits<int64_t>::max(),
        std::numeric_limits<int64_t>::min(), std::numeric_limits<uint64_t>::max(), "", "1", "nan", "no such name",
        "\x1b[2J", std::string(kLong, 'x'), json::array(), json::object(), json::array({json::array()}),
        json::array({-1, 1e300}), json(std::vector<int>(kLong, 1)), json(std::vector<std::string>(kLong, "x"))};
    return values[below(values.size(), random)];
}

/// Every value of a document, it itself too.
void collect(json& value, std::vector<json*>& values) {
    values.push_back(&value);
    if (!value.is_structured()) return;
    for (json& child : value) collect(child, values);
}

}  // namespace

std::string forged_json(const std::string& document, std::mt19937_64& random) {
    json whole = json::parse(document, nullptr, /*allow_exceptions=*/false);
    if (whole.is_discarded()) whole = document;
    std::vector<json*> values;
    collect(whole, values);
    json& value = *values[below(values.size(), random)];
    switch (below(5, random)) {
        case 0:
            value = json(*values[below(values.size(), random)]);  // a copy: it may be inside, or around
            break;
        case 1:
            if (value.is_structured() && !value.empty()) {
                value.erase(std::next(value.begin(), static_cast<std::ptrdiff_t>(below(value.size(), random))));
                break;
            }
            [[fallthrough]];
        case 2:
            if (value.is_array() && !value.empty()) {  // twice what should be there once
                value.push_back(json(value[below(value.size(), random)]));
                break;
            }
            [[fallthrough]];
        case 3:
            if (value.is_number()) {
                value = value.get<double>() + static_cast<double>(below(3, random)) - 1;
                break;
            }
            [[fallthrough]];
        default:
            value = odd_value(random);
    }
    if (whole.is_string()) return whole.get<std::string>();
    return whole.dump(-1, ' ', false, json::error_handler_t::replace);
}

at::Tensor forged_tensor(const at::Tensor& tensor, std::mt19937_64& random) {
    static const std::vector<at::ScalarType> types = {at::kByte, at::kBool, at::kInt, at::kLong, at::kFloat, at::kDouble};
    static const std::vector<double> numbers = {
        -1, 0, 1, 2, 1e8, -1e300, 1e300, 9.3e18, 0.5, std::nan(""), std::numeric_limits<double>::infinity()};
    const int64_t n = tensor.numel();
    switch (below(9, random)) {
        case 0:
            return tensor.to(types[below(types.size(), random)]);
        case 1:
            return tensor.unsqueeze(0);
        case 2:
            return tensor.flatten();
        case 3:
            return tensor.new_empty({0, n});
        case 4:
            return tensor.flatten().slice(0, 0, static_cast<int64_t>(below(static_cast<size_t>(n) + 1, random)));
        case 5:
            return n < 1'000 ? tensor.flatten().repeat({static_cast<int64_t>(below(kLong, random))}) : tensor.flatten().repeat({2});
        case 6:
            return at::full_like(tensor.to(at::kDouble), numbers[below(numbers.size(), random)]).to(tensor.scalar_type());
        default: {
            at::Tensor other = tensor.clone(at::MemoryFormat::Contiguous);
            if (n == 0) return other.new_zeros({3});
            const auto place = static_cast<int64_t>(below(static_cast<size_t>(n), random));
            const double number = numbers[below(numbers.size(), random)];
            other.view({-1})[place].copy_(at::scalar_tensor(number, at::kDouble));
            return other;
        }
    }
}

TensorFile forged_tensors(TensorFile file, std::mt19937_64& random) {
    const size_t place = below(file.tensors.size() + file.metadata.size(), random);
    if (place < file.tensors.size()) {
        const auto chosen = std::next(file.tensors.begin(), static_cast<std::ptrdiff_t>(place));
        const auto other = std::next(file.tensors.begin(), static_cast<std::ptrdiff_t>(below(file.tensors.size(), random)));
        switch (below(8, random)) {
            case 0:
                file.tensors.erase(chosen);
                break;
            case 1:
                chosen->second = other->second;
                break;
            case 2:
                file.tensors[chosen->first + ".more"] = other->second;
                break;
            default:
                chosen->second = forged_tensor(chosen->second, random);
        }
    } else {
        const auto chosen = std::next(file.metadata.begin(), static_cast<std::ptrdiff_t>(place - file.tensors.size()));
        if (below(8, random) == 0) {
            file.metadata.erase(chosen);
        } else {
            chosen->second = forged_json(chosen->second, random);
        }
    }
    return file;
}

}  // namespace embark::fuzz
