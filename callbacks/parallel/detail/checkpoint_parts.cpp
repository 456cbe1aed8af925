#include "checkpoint_parts.h"

#include <algorithm>
#include <map>
#include <optional>

#include <torch/types.h>

#include "../../../core/error.h"
#include "../../../core/text.h"
#include "../../../modules/sharded_embedding.h"

namespace embark {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kPrefix = "checkpoint.";

/// The number in a part's name; nothing for other files.
std::optional<int64_t> number_of(const fs::path& path) {
    const std::string name = path.filename().string();
    if (!name.starts_with(kPrefix) || name.find("-of-") == std::string::npos) return std::nullopt;
    const auto number = parse_int(name.substr(kPrefix.size(), name.find('.', kPrefix.size()) - kPrefix.size()));
    constexpr int64_t kMost = 1'000'000'000'000'000;  // more than can be counted
    return number && *number > 0 && *number < kMost ? number : std::nullopt;
}

std::vector<fs::path> all_parts(const fs::path& dir) {
    std::vector<fs::path> parts;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(dir, error)) {
        if (number_of(entry.path())) parts.push_back(entry.path());
    }
    return parts;
}

/// Puts those of rows `own` that a part with rows `there` has in their place.
void read_common_rows(SafetensorsReader& part, const std::string& name, RowRange there, RowRange own,
                      const at::Tensor& rows) {
    const RowRange common{std::max(there.begin, own.begin), std::min(there.end, own.end)};
    if (common.begin >= common.end) return;
    part.read_rows(name, common.begin - there.begin, rows.narrow(0, common.begin - own.begin, common.size()));
}

}  // namespace

fs::path CheckpointParts::path_of(int64_t number, int64_t rank, int64_t count) const {
    return dir_ / concat(kPrefix, number, ".", rank + 1, "-of-", count, ".safetensors");
}

CheckpointParts::Parts CheckpointParts::write(const TensorFile& rows, Strategy& strategy) const {
    int64_t number = 1;
    for (const auto& path : all_parts(dir_)) number = std::max(number, *number_of(path) + 1);
    // Not every process need see the others' files at once.
    number = static_cast<int64_t>(strategy.all_reduce(static_cast<double>(number), Reduce::max));
    const Share share = strategy.share();
    strategy.run_in_all([&] { save_safetensors(path_of(number, share.rank, share.size), rows); });
    return {number, share.size};
}

TensorFile CheckpointParts::load(const Parts& parts, const ShardedTables& tables) const {
    TensorFile content;
    std::map<std::string, int64_t> n_parts;
    tables.strategy()->run_in_all([&, number = parts.number, count = parts.count] {
        for (int64_t rank = 0; rank < count; ++rank) {
            SafetensorsReader part(path_of(number, rank, count), Checksum::required);
            for (const auto& name : part.names()) {
                const auto& shape = part.shape(name);
                const auto* table = tables.table_of(name, shape);
                require(table != nullptr, path_of(number, rank, count).string(), " has '", name,
                        "', which is no sharded table of the model");
                const RowRange there = even_range(table->options.num_embeddings, rank, count);
                require(shape.front() == there.size(), path_of(number, rank, count).string(), " has ", shape.front(),
                        " rows of '", name, "' where part ", rank + 1, " of ", count, " of the model's table has ",
                        there.size());
                auto& rows = content.tensors[name];
                if (!rows.defined()) {
                    rows = at::empty({table->rows().size(), shape[1]}, table->weight.options().requires_grad(false));
                }
                read_common_rows(part, name, there, table->rows(), rows);
                ++n_parts[name];
            }
        }
        for (const auto& [name, n] : n_parts) {
            require(n == count, "The checkpoint in ", dir_.string(), " lacks '", name, "' in ", count - n, " of its ",
                    count, " parts");
        }
    });
    return content;
}

void CheckpointParts::remove_others(int64_t number) const {
    std::error_code error;
    for (const auto& path : all_parts(dir_)) {
        if (number_of(path) != number) fs::remove(path, error);
    }
}

}  // namespace embark
