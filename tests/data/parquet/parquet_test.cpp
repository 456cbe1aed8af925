#include <embark/core/error.h>
#include <embark/core/file.h>
#include <embark/data/parquet/feather.h>
#include <embark/data/parquet/parquet.h>
#include <embark/data/table/table.h>
#include <embark/data/tabular/vocabulary_columns.h>

#include <ATen/ATen.h>
#include <arrow/api.h>
#include <arrow/io/file.h>
#include <arrow/ipc/writer.h>
#include <gmock/gmock.h>
#include <parquet/arrow/writer.h>

#include "test_files.h"

namespace embark {
namespace parquet_test {

using embark::testing::data_folder;
using embark::testing::message_of;
using embark::testing::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <class Builder, class T>
std::shared_ptr<arrow::Array> array(const std::vector<std::optional<T>>& values) {
    Builder builder;
    for (const auto& value : values) {
        EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
    }
    return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> nested_array() {
    auto values = std::make_shared<arrow::Int64Builder>();
    arrow::ListBuilder builder(arrow::default_memory_pool(), values);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(builder.Append().ok() && values->Append(i).ok());
    return builder.Finish().ValueOrDie();
}

class Parquet : public ::testing::Test {
protected:
    std::filesystem::path write(const std::vector<std::pair<std::string, std::shared_ptr<arrow::Array>>>& columns,
                                arrow::Compression::type compression = arrow::Compression::BROTLI) {
        arrow::FieldVector fields;
        arrow::ArrayVector arrays;
        for (const auto& [name, values] : columns) {
            fields.push_back(arrow::field(name, values->type()));
            arrays.push_back(values);
        }
        const auto path = folder_.path() / "file.parquet";
        const auto file = arrow::io::FileOutputStream::Open(path.string()).ValueOrDie();
        const auto properties = parquet::WriterProperties::Builder().compression(compression)->build();
        const auto keep_types = parquet::ArrowWriterProperties::Builder().store_schema()->build();
        EXPECT_TRUE(parquet::arrow::WriteTable(*arrow::Table::Make(arrow::schema(fields), arrays),
                                               arrow::default_memory_pool(), file, 1 << 20, properties, keep_types)
                        .ok());
        EXPECT_TRUE(file->Close().ok());
        return path;
    }

    std::filesystem::path write_all_types() {
        const auto dictionary_values = array<arrow::StringBuilder, std::string>({"red", "blue"});
        const auto dictionary_indices = array<arrow::Int32Builder, int32_t>({1, 0, std::nullopt});
        return write({
            {"id", array<arrow::Int64Builder, int64_t>({7, 9223372036854775807, std::nullopt})},
            {"tags", nested_array()},
            {"x", array<arrow::DoubleBuilder, double>({0.5, std::nullopt, 7.0})},
            {"name", array<arrow::StringBuilder, std::string>({"007", std::nullopt, ""})},
            {"flag", array<arrow::BooleanBuilder, bool>({true, false, std::nullopt})},
            {"day", array<arrow::Date32Builder, int32_t>({0, 1, std::nullopt})},
            {"nothing", std::make_shared<arrow::NullArray>(3)},
            {"colour", arrow::DictionaryArray::FromArrays(dictionary_indices, dictionary_values).ValueOrDie()},
        });
    }

    TemporaryFolder folder_;
};

TEST_F(Parquet, columns_have_the_types_of_the_file) {
    const Table table = read_parquet(write_all_types());
    EXPECT_EQ(table.rows(), 3);
    EXPECT_EQ(table.type("id"), ColumnType::integer);
    EXPECT_EQ(table.type("x"), ColumnType::number);
    EXPECT_EQ(table.type("name"), ColumnType::text);
    EXPECT_EQ(table.type("flag"), ColumnType::boolean);
    EXPECT_EQ(table.type("day"), ColumnType::date);
    EXPECT_EQ(table.type("nothing"), ColumnType::text);
    EXPECT_EQ(table.type("colour"), ColumnType::text);
}

TEST_F(Parquet, values_read_as_text) {
    const Table table = read_parquet(write_all_types());
    EXPECT_THAT(table.text("id"), ElementsAre("7", "9223372036854775807", ""));
    EXPECT_THAT(table.text("x"), ElementsAre("0.5", "", "7"));
    EXPECT_THAT(table.text("name"), ElementsAre("007", "", ""));
    EXPECT_THAT(table.text("flag"), ElementsAre("true", "false", ""));
    EXPECT_THAT(table.text("day"), ElementsAre("1970-01-01", "1970-01-02", ""));
    EXPECT_THAT(table.text("nothing"), ElementsAre("", "", ""));
    EXPECT_THAT(table.text("colour"), ElementsAre("blue", "red", ""));
}

TEST_F(Parquet, numbers_and_missing_values) {
    const Table table = read_parquet(write_all_types());
    EXPECT_EQ(table.numbers("x")[2].item<double>(), 7.0);
    EXPECT_TRUE(at::isnan(table.numbers("x")[1]).item<bool>());
    EXPECT_EQ(table.numbers("id")[1].item<double>(), 9223372036854775807.0);
    EXPECT_EQ(table.numbers("flag")[0].item<double>(), 1.0);
    EXPECT_THAT(message_of<Error>([&] { table.finite_numbers("x"); }),
                HasSubstr("file.parquet, row 2, column 'x': the value is missing"));
    EXPECT_THAT(message_of<Error>([&] { table.numbers("day"); }), HasSubstr("'1970-01-01' is not a number"));
}

TEST_F(Parquet, categories_of_any_type_encode_as_their_text) {
    const Table table = read_parquet(write_all_types());
    const auto rows = at::arange(3, at::kLong);
    EXPECT_THAT(fit_vocabulary(table, "id", rows).names(), ElementsAre("#na#", "7", "9223372036854775807"));
    EXPECT_THAT(fit_vocabulary(table, "colour", rows).names(), ElementsAre("#na#", "blue", "red"));
    EXPECT_THAT(fit_vocabulary(table, "nothing", rows).names(), ElementsAre("#na#"));
    EXPECT_TRUE(at::equal(encode_column(fit_vocabulary(table, "colour", rows), table, "colour"),
                          at::tensor({1, 2, 0}, at::kLong)));
}

TEST_F(Parquet, use_columns_beside_a_nested_one) {
    const Table table = read_parquet(write_all_types(), {.use_columns = {"flag", 2, "id"}});
    EXPECT_THAT(table.names(), ElementsAre("flag", "x", "id"));
    EXPECT_THAT(table.text("x"), ElementsAre("0.5", "", "7"));
    EXPECT_THAT(message_of<Error>([&] { read_parquet(write_all_types(), {.use_columns = {"size"}}); }),
                HasSubstr("There is no column 'size'"));
}

TEST_F(Parquet, names_may_hold_any_letters) {
    const auto path = write({{"a.b", array<arrow::Int64Builder, int64_t>({1})},
                             {"a", array<arrow::Int64Builder, int64_t>({2})},
                             {"Größe [m²]", array<arrow::Int64Builder, int64_t>({3})},
                             {"", array<arrow::Int64Builder, int64_t>({4})}});
    std::filesystem::rename(path, folder_.path() / "run:1 neu.parquet");
    const Table table = read_parquet(folder_.path() / "run:1 neu.parquet", {.use_columns = {2, "a", "a.b", ""}});
    EXPECT_THAT(table.names(), ElementsAre("Größe [m²]", "a", "a.b", ""));
    EXPECT_EQ(table.text("a.b")[0] + table.text("a")[0] + table.text("")[0], "124");
}

TEST_F(Parquet, nested_columns_are_carried_but_not_read) {
    const Table table = read_parquet(write_all_types());
    EXPECT_THAT(message_of<Error>([&] { table.text("tags"); }), HasSubstr("cannot be read as text"));
    EXPECT_THAT(table.view(), HasSubstr("list<"));
    EXPECT_EQ(table.take(at::tensor({1}, at::kLong)).columns(), 8);
}

TEST_F(Parquet, joins_with_text_read_from_csv) {
    const Table left = Table::from_text({{"colour", {"red", "green"}}});
    const Table right = read_parquet(write_all_types(), {.use_columns = {"colour", "name"}});
    EXPECT_THAT(left.join(right, "colour", JoinHow::inner).text("colour"), ElementsAre("red"));
}

TEST_F(Parquet, files_that_are_no_parquet) {
    for (const char* content : {"", "a,b\n1,2\n", "PAR1 and no more than that PAR1"}) {
        const auto path = folder_.write("not.parquet", content);
        const std::string message = message_of<Error>([&] { read_parquet(path); });
        EXPECT_THAT(message, HasSubstr("not.parquet as Parquet"));
        EXPECT_EQ(message.find('\n'), std::string::npos);
    }
    EXPECT_THAT(message_of<Error>([&] { read_parquet(folder_.path() / "none"); }), HasSubstr("no such file"));
}

TEST_F(Parquet, a_file_cut_short_is_an_error) {
    const auto path = write_all_types();
    std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
    EXPECT_THAT(message_of<Error>([&] { read_parquet(path); }), HasSubstr("file.parquet as Parquet"));
}

TEST_F(Parquet, rows_that_are_only_said_to_be_there_take_no_memory) {
    const auto path = folder_.path() / "x.feather";
    const auto schema = arrow::schema({arrow::field("a", arrow::null()), arrow::field("b", arrow::null())});
    const auto nothing = std::make_shared<arrow::NullArray>(2'000'000'000);
    {
        const auto file = arrow::io::FileOutputStream::Open(path.string()).ValueOrDie();
        const auto writer = arrow::ipc::MakeFileWriter(file, schema).ValueOrDie();
        const auto rows = arrow::RecordBatch::Make(schema, nothing->length(), {nothing, nothing});
        EXPECT_TRUE(writer->WriteRecordBatch(*rows).ok());
        EXPECT_TRUE(writer->Close().ok());
    }
    EXPECT_THAT(message_of<Error>([&] { read_feather(path); }), HasSubstr("2000000000 rows, and has no value"));
}

// Nothing of Arrow's looks at them when it reads, and a number beyond the dictionary reads memory of others.
TEST_F(Parquet, a_file_with_numbers_outside_its_dictionary_is_refused) {
    const auto colours = array<arrow::StringBuilder, std::string>({"red", "blue", "green"});
    const auto indices = array<arrow::Int32Builder, int32_t>({0, 1, 2, 0, 1, 2, 0, 1, 2, 2});
    const auto path = write({{"colour", arrow::DictionaryArray::FromArrays(indices, colours).ValueOrDie()}},
                            arrow::Compression::UNCOMPRESSED);
    const std::string bytes = read_file(path);
    int refused = 0;
    for (size_t i = 0; i < bytes.size(); ++i) {
        std::string broken = bytes;
        broken[i] = static_cast<char>(broken[i] ^ 0x80);
        folder_.write("broken.parquet", broken);
        try {
            EXPECT_TRUE(read_parquet(folder_.path() / "broken.parquet").arrow()->ValidateFull().ok()) << i;
        } catch (const Error& error) {
            refused += std::string(error.what()).find("a number that its dictionary lacks") != std::string::npos;
        }
    }
    EXPECT_GT(refused, 0);
}

}  // namespace parquet_test
}  // namespace embark
