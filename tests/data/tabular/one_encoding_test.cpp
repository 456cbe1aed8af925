#include <embark/core/error.h>
#include <embark/data.h>
#include <embark/predictor.h>
#include <embark/predictor/detail/archive_seal.h>
#include <embark/predictor/detail/export_format.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <optional>
#include <random>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/script.h>
#include <torch/torch.h>
#include <nlohmann/json.hpp>

#include "baselines.h"
#include "python.h"
#include "test_files.h"

// The same raw values through the four that encode them: tables, rows, the exported file in C++ and in Python.
namespace embark {
namespace one_encoding_test {

using embark::testing::largest_difference;
using embark::testing::TemporaryFolder;

using Columns = std::map<std::string, std::vector<std::string>>;
using StringColumns = c10::Dict<std::string, c10::List<std::string>>;
using NumberColumns = c10::Dict<std::string, c10::List<double>>;

const std::vector<std::string> kCategories = {"city", "rooms", "flag", "code"}, kNumbers = {"size", "ties"};

class Draw {
public:
    explicit Draw(uint32_t seed) : random_(seed) {}
    const std::string& of(const std::vector<std::string>& values) { return values[random_() % values.size()]; }
    double uniform() { return std::uniform_real_distribution<double>(0, 1)(random_); }

private:
    std::mt19937 random_;
};

/// Rows to train on: integers and booleans in several spellings, numbers of which many are the same.
Columns training_columns(int64_t rows) {
    Draw draw(4);
    Columns columns;
    for (int64_t row = 0; row < rows; ++row) {
        columns["city"].push_back(draw.of({"Oslo", "Åbo", " Rome", "NA", "1e3", "東京", ""}));
        columns["rooms"].push_back(draw.of({"1", "2", "3", "13", "13.0", " 13", "-4", "0", "", "NA"}));
        columns["flag"].push_back(draw.of({"True", "False", "TRUE", "false", ""}));
        columns["code"].push_back(draw.of({"007", "7", "8"}));
        columns["size"].push_back(draw.uniform() < 0.1 ? "" : concat(std::exp(4 * draw.uniform())));
        columns["ties"].push_back(draw.of({"0", "0", "0", "1", "2", "2.5"}));
        columns["day"].push_back(draw.of({"2024-01-31", "2024-02-29", "2023-12-31T10:11:12", "2024-03-01", ""}));
        // Its parts have the names of those of `day`, were they not told apart.
        columns["dayDate"].push_back(draw.of({"1/31/2024", "02/29/2024", "2023-12-31", "03/01/2024 "}));
        columns["note"].push_back(draw.of({"good, good!", "bad", "don't", ""}));
        columns["let"].push_back(draw.uniform() < 0.5 ? "True" : "False");
        columns["price"].push_back(concat(1 + draw.uniform()));
    }
    return columns;
}

/// What may come then, broken values among them.
Columns raw_columns(int64_t rows, uint32_t seed) {
    const std::vector<std::string> words = {"Oslo",     "Åbo",
                                            " Rome",    "Rome",
                                            "oslo",     "",
                                            " ",        "NA",
                                            "nan",      "None",
                                            "#na#",     "1e3",
                                            "1000",     "東京",
                                            "\xff\xfe", "1",
                                            "01",       "1.0",
                                            " 1",       "1 ",
                                            "\t1",      "1.",
                                            "1.5",      "+1",
                                            "+5",       "-4",
                                            "-4.0",     "- 4",
                                            "--4",      "13",
                                            "13.0",     "13.00",
                                            " 13",      "13.0 ",
                                            "1_3",      "１３",
                                            "0x1",      "0",
                                            "-0",       "-0.0",
                                            "0.0",      "00",
                                            ".0",       "1e0",
                                            "13.0.0",   "9223372036854775808",
                                            "True",     "true",
                                            "TRUE",     " tRUE ",
                                            "False",    "false",
                                            "FALSE\t",  "t",
                                            "yes",      "Truee",
                                            "007",      "7",
                                            "7.0",      "8",
                                            "inf"};
    const std::vector<std::string> numbers = {"",       "NA",    "nan",    "NaN", " 5",  "+5",    "-0",     "0",
                                              "0.0",    "1",     "1.5",    "2",   "2.5", "3e38",  "-3e38",  "1e-300",
                                              "5e-324", "1e-30", "-1e-45", "0.1", "1e5", "12.25", "54.598", "1e300000"};
    const std::vector<std::string> days = {"2024-01-31",
                                           "2023-12-31T10:11:12Z",
                                           "2024-02-29 23:59",
                                           "2031-06-30",
                                           "2024-03-01",
                                           "1969-01-01",
                                           "2024-07-04T00:00:00.5",
                                           "2024/02/29 23:59+02:00",
                                           "2024-03-01 00:30 -0130",
                                           "03/01/2024",
                                           "12/31/23",
                                           "29/02/2024",
                                           "2024-02-30",
                                           "soon",
                                           " NaT",
                                           "NA",
                                           "",
                                           "None"};
    Draw draw(seed);
    Columns columns;
    for (int64_t row = 0; row < rows; ++row) {
        for (const auto& name : kCategories) columns[name].push_back(draw.of(words));
        for (const auto& name : kNumbers) {
            const double made = std::exp(8 * draw.uniform() - 4);
            // Beyond float64 is an error, which another test covers.
            std::string number = draw.uniform() < 0.5 ? draw.of(numbers) : concat(made);
            columns[name].push_back(number == "1e300000" ? "7" : number);
        }
        columns["day"].push_back(draw.of(days));
        columns["dayDate"].push_back(draw.of(days));
        columns["note"].push_back(draw.of({"GOOD, bad", "don’t", "ünïcode bad", "", "  ", "xxpad good", "good!"}));
    }
    return columns;
}

Table table_of(const Columns& columns) {
    return Table::from_text({columns.begin(), columns.end()});
}

RawColumns raw_of(const Columns& columns) {
    RawColumns raw;
    for (const auto& [name, values] : columns) raw[name] = {values.begin(), values.end()};
    return raw;
}

/// What predict takes in the file.
std::pair<StringColumns, NumberColumns> script_arguments(const Columns& columns) {
    StringColumns texts;
    NumberColumns numbers;
    for (const auto& [name, values] : columns) {
        if (std::find(kNumbers.begin(), kNumbers.end(), name) == kNumbers.end()) {
            texts.insert(name, c10::List<std::string>(values));
            continue;
        }
        c10::List<double> read;
        for (const std::string& value : values) read.push_back(RawValue(value).number().value());
        numbers.insert(name, read);
    }
    return {texts, numbers};
}

/// A file of a module that has nothing but `forward`, without a learner.
class MadeFile : public ExportContext {
public:
    MadeFile(const std::string& forward, Tensors example) : example_(std::move(example)) { module_.define(forward); }

    const ExportOptions& options() const override { return options_; }
    const Tensors& example() const override { return example_; }
    Tensors forward(const Tensors& inputs) const override {
        const auto answer = torch::jit::Module(module_).forward({inputs.begin(), inputs.end()});
        if (answer.isTensor()) return {answer.toTensor()};
        Tensors outputs;
        for (const auto& output : answer.toTupleRef().elements()) outputs.push_back(output.toTensor());
        return outputs;
    }
    std::vector<std::pair<std::string, at::Tensor>> parameters() const override { return {}; }
    bool is_free(const std::string& name) const override { return !module_.hasattr(name); }
    void require_free(const std::string&) const override {}
    void attribute(const std::string& name, const c10::IValue& value) override {
        module_.register_attribute(name, value.type(), value);
    }
    void define(const std::string& source) override { module_.define(source); }
    void describe(const FileDescription& description) override { description_ = description; }

    void save(const std::filesystem::path& path) {
        nlohmann::json json = {{"format", kExportFormat},
                               {"version", "0.2.0"},
                               {"model", "Made"},
                               {"kind", description_.kind},
                               {"inputs", description_.inputs},
                               {"outputs", description_.outputs}};
        if (!description_.preprocessing.empty())
            json["preprocessing"] = nlohmann::json::parse(description_.preprocessing);
        std::ostringstream out;
        module_.save(out, {{kMetadataName, json.dump()}});
        std::ofstream(path, std::ios::binary) << seal_archive(out.str());
    }

private:
    torch::jit::Module module_{"Made"};
    ExportOptions options_;
    Tensors example_;
    FileDescription description_;
};

constexpr const char* kForward = R"(
def forward(self, x_cat: Tensor, x_cont: Tensor, x_text: Tensor) -> Tuple[Tensor, Tensor]:
    weights = torch.arange(1, x_cat.size(1) + 1).float()
    x = 0.01 * (x_cat.float() * weights).sum(1, keepdim=True) + 0.1 * x_cont.clamp(-5, 5).sum(1, keepdim=True)
    x = x + 0.01 * x_text.float().sum(1, keepdim=True)
    return torch.cat([x, -x], 1), x
)";

class OneEncoding : public ::testing::TestWithParam<Scaling> {
protected:
    OneEncoding()
        : dls_(TabularDataLoaders::from_table(table_of(training_columns(700)), {.y_names = {"let", "price"},
                                                                                .cat_names = kCategories,
                                                                                .cont_names = kNumbers,
                                                                                .date_names = {"day", "dayDate"},
                                                                                .date_time = true,
                                                                                .date_format = "%m/%d/%Y",
                                                                                .text_names = {"note"},
                                                                                .text_len = 5,
                                                                                .scaling = GetParam(),
                                                                                .batch_size = 32})),
          file_(kForward, dls_.one_batch().inputs) {
        data().export_to(file_);
        file_.save(path());
    }

    std::filesystem::path path() const { return folder_.path() / "flats.pt"; }
    const TabularData& data() const { return dls_.tabular(); }

    /// What the model says of rows of a table: probabilities of `let`, and `price`.
    std::pair<at::Tensor, at::Tensor> answers(const Table& table) const {
        const Tensors outputs = file_.forward(data().encode(table));
        return {at::softmax(outputs[0], 1), outputs[1].flatten()};
    }

    TemporaryFolder folder_;
    TabularDataLoaders dls_;
    MadeFile file_;
};

void expect_same_inputs(const Tensors& made, const Tensors& expected, const std::string& who) {
    ASSERT_EQ(made.size(), expected.size());
    EXPECT_TRUE(at::equal(made[0], expected[0])) << who << ", row " << made[0].ne(expected[0]).nonzero()[0];
    EXPECT_LE(largest_difference(made[1], expected[1]), 1e-6) << who;
    for (size_t i = 2; i < made.size(); ++i) EXPECT_TRUE(at::equal(made[i], expected[i])) << who;
}

TEST_P(OneEncoding, of_tables_rows_columns_and_files_is_the_same) {
    const Columns columns = raw_columns(3000, 8);
    const Table table = table_of(columns);
    EncodingCounts of_table, of_columns, of_rows;
    const Tensors expected = data().encode(table, &of_table);
    const auto [let, price] = answers(table);

    const Predictor predictor = Predictor::load(path());
    const auto kind = make_file_kind(ExportedFile(path()));
    const TabularEncoder& encoder = kind->encoder();
    expect_same_inputs(encoder.encode_columns(raw_of(columns), &of_columns), expected, "columns");
    EXPECT_EQ(of_columns.unknown, of_table.unknown);
    EXPECT_EQ(of_columns.filled, of_table.filled);
    EXPECT_EQ(of_columns.unreadable, of_table.unreadable);
    EXPECT_THAT(of_table.unreadable, ::testing::ElementsAre(::testing::Key("day"), ::testing::Key("dayDate")));
    EXPECT_GT(of_table.filled.at("dayDateElapsed"), of_table.unreadable.at("dayDate"));
    const auto of_file = predictor.predict_columns(raw_of(columns));
    EXPECT_LE(largest_difference(of_file[0].probabilities, let), 1e-6);
    EXPECT_LE(largest_difference(of_file[1].values, price), 1e-6);
    for (int64_t row = 0; row < table.rows(); ++row) {
        RawRow raw;
        for (const auto& [name, values] : columns) raw[name] = values[static_cast<size_t>(row)];
        Tensors of_row;
        for (const at::Tensor& input : expected) of_row.push_back(input.slice(0, row, row + 1));
        expect_same_inputs(encoder.encode(raw, &of_rows), of_row, concat("row ", row));
        if (row >= 100) continue;
        const auto answer = predictor.predict_targets(raw);
        EXPECT_NEAR(answer[0].probabilities[1], let[row][1].item<double>(), 1e-6);
        EXPECT_NEAR(answer[1].value, price[row].item<double>(), 1e-6);
    }
    EXPECT_EQ(of_rows.unknown, of_table.unknown);
    EXPECT_EQ(of_rows.filled, of_table.filled);
    EXPECT_EQ(of_rows.unreadable, of_table.unreadable);

    auto module = torch::jit::load(path().string());
    const torch::NoGradGuard no_grad;
    const auto [texts, numbers] = script_arguments(columns);
    const auto expanded = module.run_method("_embark_expand", texts, numbers).toTupleRef().elements().vec();
    const auto inputs = module.run_method("_embark_encode", expanded[0], expanded[1]).toTupleRef().elements().vec();
    expect_same_inputs({inputs[0].toTensor(), inputs[1].toTensor()}, {expected[0], expected[1]}, "script");
    const auto answer = module.run_method("predict", texts, numbers).toTupleRef().elements().vec();
    EXPECT_LE(largest_difference(answer[0].toTupleRef().elements()[1].toTensor(), let), 1e-6);
    EXPECT_LE(largest_difference(answer[1].toTensor(), price), 1e-6);
    std::map<std::string, int64_t> of_script;
    for (const auto& entry : module.run_method("count_unknown", texts).toGenericDict()) {
        of_script[entry.key().toStringRef()] = entry.value().toInt();
    }
    std::map<std::string, int64_t> counted = of_table.unknown;
    counted.insert(of_table.unreadable.begin(), of_table.unreadable.end());
    EXPECT_EQ(of_script, counted);
}

TEST_P(OneEncoding, is_python_s_too) {
    EMBARK_NEEDS_PYTHON_MODULE("torch");
    Columns columns = raw_columns(500, 9);
    // A text in Python is of characters.
    for (auto& [name, values] : columns)
        std::replace(values.begin(), values.end(), std::string("\xff\xfe"), std::string("ÿ"));
    const Table table = table_of(columns);
    const Tensors expected = data().encode(table);
    const auto [let, price] = answers(table);
    const auto floats = [](const at::Tensor& values) {
        const at::Tensor flat = values.to(at::kDouble).contiguous();
        return std::vector<double>(flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel());
    };
    nlohmann::json json = {{"codes", floats(expected[0])},      {"numbers", floats(expected[1])},
                           {"probabilities", floats(let)},      {"values", floats(price)},
                           {"texts", nlohmann::json::object()}, {"raw_numbers", nlohmann::json::object()}};
    for (const auto& [name, values] : columns) {
        if (std::find(kNumbers.begin(), kNumbers.end(), name) == kNumbers.end()) {
            json["texts"][name] = values;
        } else {
            json["raw_numbers"][name] = floats(table.numbers(name));  // NaN becomes null
        }
    }
    std::ofstream(folder_.path() / "expected.json") << json;
    EXPECT_EQ(embark::testing::run_python("data/tabular/check_encoding.py", {path(), folder_.path() / "expected.json"}),
              "ok\n");
}

TEST_P(OneEncoding, refuses_the_same_numbers) {
    const auto predictor = Predictor::load(path());
    auto module = torch::jit::load(path().string());
    for (const char* number :
         {"inf", "-inf", "1e39", "-1e300", "0x10", "1_000", "５", "5,5", "five", "1e", "--5", "+-5"}) {
        Columns columns = raw_columns(3, 1);
        columns["size"][1] = number;
        EXPECT_THROW(data().encode(table_of(columns)), Error) << number;
        EXPECT_THROW(predictor.predict_columns(raw_of(columns)), Error) << number;
        RawRow row;
        for (const auto& [name, values] : columns) row[name] = values[1];
        EXPECT_THROW(predictor.predict(row), Error) << number;
        const auto read = RawValue(number).number();
        if (!read) continue;  // the file takes numbers as such
        columns["size"][1] = "0";
        auto [texts, numbers] = script_arguments(columns);
        auto sizes = numbers.at("size");
        sizes.set(1, *read);
        EXPECT_ANY_THROW(module.run_method("predict", texts, numbers)) << number;
    }
}

INSTANTIATE_TEST_SUITE_P(Scalings, OneEncoding,
                         ::testing::Values(Scaling::standard, Scaling::robust, Scaling::quantile, Scaling::none),
                         [](const auto& info) { return std::string(to_string(info.param)); });

TEST(OneSpelling, of_ids_is_the_files_too) {
    TemporaryFolder folder;
    std::vector<std::string> users, items, ratings;
    for (int i = 0; i < 200; ++i) {
        users.push_back(std::to_string(i % 12));
        items.push_back(i % 5 == 0 ? "007" : std::to_string(i % 5));
        ratings.push_back(std::to_string(1 + i % 4));
    }
    // The only one who has not rated everything.
    for (int i = 0; i < 20; ++i) {
        users.push_back("99");
        items.push_back("1");
        ratings.push_back("3");
    }
    const auto dls =
        CollabDataLoaders::from_table(Table::from_text({{"user", users}, {"item", items}, {"rating", ratings}}));
    MadeFile file("def forward(self, x: Tensor) -> Tensor:\n    return x[:, 0].float() + 0.01 * x[:, 1].float()\n",
                  dls.one_batch().inputs);
    dls.collab().export_to(file);
    file.save(folder.path() / "ids.pt");
    const auto predictor = Predictor::load(folder.path() / "ids.pt");
    const std::vector<std::string> odd_users = {"3", "3.0", " 3", "+3", "03", "x", ""};
    const std::vector<std::string> odd_items = {"007", "7", "1", "1.0", " 1", "2", "2"};
    const auto codes = dls.collab().encode(odd_users, odd_items);
    EXPECT_TRUE(at::equal(codes.select(1, 0), torch::tensor({4, 4, 4, 0, 0, 0, 0})));
    EXPECT_TRUE(at::equal(codes.select(1, 1), torch::tensor({1, 0, 2, 2, 2, 3, 3})));
    EXPECT_LE(largest_difference(predictor.predict(odd_users, odd_items), file.forward({codes})[0]), 1e-6);
    EXPECT_TRUE(predictor.knows_user("3.0"));
    EXPECT_FALSE(predictor.knows_user("03"));
    const auto plain = predictor.recommend("99", 2), odd = predictor.recommend(" 99.0", 2);
    ASSERT_EQ(plain.size(), 2U);
    ASSERT_EQ(odd.size(), 2U);
    EXPECT_EQ(odd.front().name, plain.front().name);
}

}  // namespace one_encoding_test
}  // namespace embark
