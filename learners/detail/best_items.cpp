#include "best_items.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "../../core/error.h"
#include "../../core/text.h"

namespace embark {

std::vector<Scored> scored_items(const TopItems& top, const Vocabulary& names) {
    std::vector<Scored> result;
    const int64_t* items = top.items.const_data_ptr<int64_t>();
    const float* scores = top.scores.const_data_ptr<float>();
    for (int64_t i = 0; i < top.items.size(1) && items[i] >= 0; ++i) {
        result.push_back({names.name(items[i]), static_cast<double>(scores[i])});
    }
    return result;
}

std::vector<Scored> best_items(const at::Tensor& scores, const at::Tensor& allowed, const Vocabulary& names, int64_t k) {
    require<UsageError>(k >= 1, "Invalid number of results ", k, ": at least 1 is needed");
    const int64_t most = std::max<int64_t>(1, std::min(k, names.size() - 1));
    return scored_items(top_items(scores.cpu().unsqueeze(0), most, {.allowed = allowed}), names);
}

int64_t known_item(const Vocabulary& names, const std::string& item) {
    const int64_t number = names.index(item);
    if (number == 0) fail("Nothing is known of '", item, "'", name_hint(item, names.names()));
    return number;
}

std::vector<Scored> nearest_items(const Vocabulary& names, const at::Tensor& factors, const std::string& item,
                                  int64_t k) {
    const int64_t number = known_item(names, item);
    const at::Tensor unit = factors / factors.norm(2, {1}, /*keepdim=*/true).clamp_min(1e-12);
    at::Tensor allowed = at::ones({names.size()}, at::kBool);
    allowed[number] = false;
    return best_items(unit.mv(unit[number]), allowed, names, k);
}

}  // namespace embark
