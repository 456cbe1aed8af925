#include "sharded_tables.h"

#include <fstream>
#include <optional>

#include <torch/torch.h>

#include "../../../core/error.h"
#include "../../../core/text.h"
#include "../../../distributed/detail/gather_rows.h"
#include "../../../distributed/strategy.h"
#include "../../../modules/sharded_embedding.h"
#include "../../../optim/model_state.h"

namespace embark {

namespace {

/// Bytes that this machine has left, as Linux says; nothing where it does not.
std::optional<int64_t> available_memory() {
    std::ifstream file("/proc/meminfo");
    std::string name, unit;
    for (int64_t kilobytes = 0; file >> name >> kilobytes; std::getline(file, unit)) {
        if (name == "MemAvailable:") return kilobytes * 1024;
    }
    return std::nullopt;
}

/// Throws in all processes where rank 0 has not `bytes` of memory left.
void require_memory(Strategy& strategy, int64_t bytes) {
    strategy.write_by_main_process([&] {
        const auto available = available_memory();
        require(!available || bytes <= *available, "The sharded tables take ",
                format_number(static_cast<double>(bytes) / 1e9, 1), " GB whole, and rank 0 has ",
                format_number(static_cast<double>(available.value_or(0)) / 1e9, 1),
                " GB of memory left: save such a model by checkpoints, which are written in parts");
    });
}

int64_t bytes_whole(const ShardedEmbeddingImpl& table, const at::Tensor& rows) {
    return table.options.num_embeddings * rows.size(1) * static_cast<int64_t>(rows.element_size());
}

}  // namespace

ShardedTables::ShardedTables(const torch::nn::Module& model) : tables_(sharded_embeddings(model)) {
    for (const auto& [name, table] : tables_) strategy_ = table->strategy();
}

bool ShardedTables::contains(const at::Tensor& parameter) const {
    for (const auto& [name, table] : tables_) {
        if (table->weight.is_same(parameter)) return true;
    }
    return false;
}

const ShardedEmbeddingImpl* ShardedTables::table_of(const std::string& name, at::IntArrayRef shape) const {
    for (const auto& [parameter, table] : tables_) {
        const bool named = name == "model." + parameter || name.starts_with("optimizer." + parameter + ".");
        const bool by_rows = shape.size() == 2 && shape[1] == table->options.embedding_dim;
        if (named && by_rows) return table;
    }
    return nullptr;
}

TensorFile ShardedTables::take_from(TensorFile& content) const {
    TensorFile taken;
    for (auto item = content.tensors.begin(); item != content.tensors.end();) {
        const auto here = item++;
        if (table_of(here->first, here->second.sizes()) != nullptr) taken.tensors.insert(content.tensors.extract(here));
    }
    return taken;
}

void ShardedTables::gather(TensorFile& content) const {
    if (!are_split()) return;
    TensorFile parts = take_from(content);
    int64_t bytes = 0;
    for (const auto& [name, rows] : parts.tensors) bytes += bytes_whole(*table_of(name, rows.sizes()), rows);
    require_memory(*strategy_, bytes);
    for (const auto& [name, rows] : parts.tensors) {
        const auto whole = gather_rows(*strategy_, rows);
        if (strategy_->is_main_process()) content.tensors[name] = whole;
    }
}

TensorFile ShardedTables::load(const std::filesystem::path& path) const {
    SafetensorsReader reader(path, Checksum::required);
    TensorFile content{.tensors = {}, .metadata = reader.metadata()};
    for (const auto& name : reader.names()) {
        const auto& shape = reader.shape(name);
        const auto* table = table_of(name, shape);
        if (table == nullptr || shape.front() != table->options.num_embeddings) {
            content.tensors[name] = reader.read(name);
            continue;
        }
        const auto rows = at::empty({table->rows().size(), shape[1]}, table->weight.options());
        reader.read_rows(name, table->rows().begin, rows);
        content.tensors[name] = rows;
    }
    return content;
}

void save_model_state(const std::filesystem::path& path, const torch::nn::Module& model, const Optimizer* optimizer,
                      Strategy& strategy) {
    TensorFile content = ModelState::tensors(model, optimizer);
    ShardedTables(model).gather(content);
    strategy.write_by_main_process([&] { save_safetensors(path, content); });
}

at::Tensor whole_table(const torch::nn::Module& model, const at::Tensor& parameter) {
    const auto own = parameter.detach().to(at::kCPU);
    const ShardedTables tables(model);
    if (!tables.are_split() || !tables.contains(parameter)) return own;
    Strategy& strategy = *tables.strategy();
    auto whole = gather_rows(strategy, own);
    auto shape = own.sizes().vec();
    shape.front() = static_cast<int64_t>(strategy.all_reduce(static_cast<double>(shape.front())));
    if (!strategy.is_main_process()) whole = at::empty(shape, own.options());
    strategy.broadcast(whole);
    return whole;
}

WholeTables::WholeTables(const torch::nn::Module& model) {
    const ShardedTables tables(model);
    if (!tables.are_split()) return;
    TensorFile content;
    for (const auto& item : model.named_parameters()) {
        if (tables.contains(item.value())) content.tensors["model." + item.key()] = item.value().detach();
    }
    tables.gather(content);
    if (!tables.strategy()->is_main_process()) return;
    for (const auto& item : model.named_parameters()) {
        if (!tables.contains(item.value())) continue;
        kept_.push_back({item.value(), item.value().variable_data()});
        at::Tensor(item.value()).set_data(content.tensors.at("model." + item.key()));
    }
}

WholeTables::~WholeTables() {
    for (auto& [parameter, rows] : kept_) parameter.set_data(rows);
}

}  // namespace embark
