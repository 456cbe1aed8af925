#include <embark/core/file.h>
#include <embark/data/csv/csv.h>
#include <embark/data/parquet/feather.h>
#include <embark/data/parquet/parquet.h>

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>

#include "harness.h"
#include "test_files.h"

namespace embark::fuzz {

namespace {

Table small_table() {
    return Table::from_text({{"id", {"1", "2", "3", "4"}},
                             {"name", {"Ann", "", "Ångström", "\"quoted\", and more"}},
                             {"score", {"1.5", "-2e3", "", "7"}},
                             {"day", {"2024-01-31", "2024-02-29", "", "1999-12-31"}}});
}

/// Everything that is asked of a table when it is described.
void use(const Table& table) {
    for (const std::string& name : table.names()) table.text(name);
}

std::vector<std::string> csv_seeds() {
    return {"user,item,rating\n1,a,3.5\n2,b,\n1,\"c, d\",4\n", "a\tb\n1\t2\n",
            "x,y\r\n\"a\nb\",1\r\n\"say \"\"no\"\"\",2\r\n", "n\n1\n2\n3\nNA\n",
            "id,when,text\n007,2024-01-31,caf\xc3\xa9\n8,31.12.2023,\n"};
}

std::vector<std::string> parquet_seeds() {
    const testing::TemporaryFolder folder;
    std::vector<std::string> seeds;
    for (const int64_t rows : {1'000, 2}) {
        write_parquet(folder.path() / "x.parquet", small_table(), {.row_group_rows = rows});
        seeds.push_back(read_file(folder.path() / "x.parquet"));
    }
    return seeds;
}

std::shared_ptr<arrow::Array> numbers_array() {
    arrow::DoubleBuilder numbers;
    if (!numbers.AppendValues({1.5, -2e3, 7}).ok()) throw std::bad_alloc();
    return numbers.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> texts_array() {
    arrow::StringBuilder texts;
    if (!texts.AppendValues({"Ann", "", "Ångström"}).ok()) throw std::bad_alloc();
    return texts.Finish().ValueOrDie();
}

/// Numbers, texts, texts by numbers in a dictionary, and nothing.
std::vector<std::string> feather_seeds() {
    const auto texts = texts_array();
    const auto encoded = arrow::compute::DictionaryEncode(texts).ValueOrDie().make_array();
    const auto nothing = std::make_shared<arrow::NullArray>(3);
    const auto schema = arrow::schema({arrow::field("x", arrow::float64()), arrow::field("name", arrow::utf8()),
                                       arrow::field("colour", encoded->type()), arrow::field("nothing", arrow::null())});
    const auto rows = arrow::RecordBatch::Make(schema, 3, {numbers_array(), texts, encoded, nothing});
    const auto out = arrow::io::BufferOutputStream::Create().ValueOrDie();
    const auto writer = arrow::ipc::MakeFileWriter(out, schema).ValueOrDie();
    if (!writer->WriteRecordBatch(*rows).ok() || !writer->Close().ok()) throw std::bad_alloc();
    return {out->Finish().ValueOrDie()->ToString()};
}

}  // namespace

std::vector<Harness> table_harnesses() {
    return {{"csv", csv_seeds, [](std::string_view bytes) { use(read_csv(MemoryFile(bytes).path())); }},
            {"feather", feather_seeds, [](std::string_view bytes) { use(read_feather(MemoryFile(bytes).path())); }},
            {"parquet", parquet_seeds, [](std::string_view bytes) { use(read_parquet(MemoryFile(bytes).path())); }}};
}

}  // namespace embark::fuzz
