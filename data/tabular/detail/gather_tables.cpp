#include "gather_tables.h"

#include <arrow/io/memory.h>
#include <arrow/ipc/api.h>

#include "../../../distributed/strategy.h"
#include "../../table/detail/arrow_utils.h"

namespace embark {

namespace {

constexpr const char* kExchangeFailure = "Cannot exchange a table";

std::string packed(const arrow::Table& table) {
    const auto out = arrow_value(arrow::io::BufferOutputStream::Create(), kExchangeFailure);
    const auto writer = arrow_value(arrow::ipc::MakeStreamWriter(out, table.schema()), kExchangeFailure);
    require_arrow(writer->WriteTable(table), kExchangeFailure);
    require_arrow(writer->Close(), kExchangeFailure);
    return arrow_value(out->Finish(), kExchangeFailure)->ToString();
}

std::shared_ptr<arrow::Table> unpacked(std::string bytes) {
    const auto in = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(std::move(bytes)));
    return arrow_value(arrow_value(arrow::ipc::RecordBatchStreamReader::Open(in), kExchangeFailure)->ToTable(),
                       kExchangeFailure);
}

}  // namespace

Table gather_tables(Strategy& strategy, const Table& table) {
    if (strategy.decides_alone()) return table;
    std::vector<std::shared_ptr<arrow::Table>> parts;
    for (auto& bytes : strategy.all_gather(packed(*table.arrow()))) parts.push_back(unpacked(std::move(bytes)));
    return Table(arrow_value(arrow::ConcatenateTables(parts), kExchangeFailure), table.source());
}

}  // namespace embark
