// A program may set a locale that groups digits and writes a decimal comma; what Embark writes does not follow it.
#include <locale>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/callbacks/reporting/csv_logger.h>
#include <embark/core/text.h>
#include <embark/data/csv/csv.h>
#include <embark/learners.h>

#include "python.h"
#include "test_files.h"

using namespace embark;
using embark::testing::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::Not;

namespace locale_test {

struct Grouping : std::numpunct<char> {
    char do_thousands_sep() const override { return '.'; }
    char do_decimal_point() const override { return ','; }
    std::string do_grouping() const override { return "\3"; }
};

/// The global locale, as long as it lives.
class GroupingLocale {
public:
    GroupingLocale() : before_(std::locale::global(std::locale(std::locale(), new Grouping))) {}
    ~GroupingLocale() { std::locale::global(before_); }

private:
    std::locale before_;
};

std::string in_this_locale(double number) {
    std::ostringstream out;
    out << number;
    return out.str();
}

/// Rows with a date, whose year is a category of four digits, texts of more than a thousand tokens, and numbers.
Table rows() {
    std::vector<std::string> dates, sizes, texts, prices;
    for (int i = 0; i < 200; ++i) {
        dates.push_back(std::to_string(1990 + i % 30) + "-0" + std::to_string(1 + i % 9) + "-11");
        sizes.push_back(std::to_string(1234.5 + i));
        texts.push_back(i % 2 == 0 ? "large house" : "small house");
        prices.push_back(std::to_string(100000 + 1500 * i));
    }
    return Table::from_text({{"sold", dates}, {"size", sizes}, {"words", texts}, {"price", prices}});
}

TEST(Locale, that_groups_digits_changes_nothing_that_is_trained_exported_and_read) {
    TemporaryFolder folder;
    const auto make = [] {
        set_seed(3);
        return tabular_learner(TabularDataLoaders::from_table(rows(), {.y_names = {"price"},
                                                                       .cont_names = {"size"},
                                                                       .date_names = {"sold"},
                                                                       .text_names = {"words"},
                                                                       .text_len = 1280,
                                                                       .scaling = Scaling::quantile}),
                               {.layers = {8}, .text = {.embedding_size = 4, .hidden_size = 4}}, {.progress = false});
    };
    const auto text = [](const std::filesystem::path& path) {
        std::ostringstream all;
        all << std::ifstream(path).rdbuf();
        return all.str();
    };
    const RawRow row = {{"sold", "2005-03-11"}, {"size", 1300.25}, {"words", "small house"}};

    auto plain = make();
    plain.add_callback(csv_logger({.path = folder.path() / "plain.csv"}));
    plain.fit_one_cycle(1, 1e-2);
    plain.export_torchscript(folder.path() / "plain.pt");
    const double expected = Predictor::load(folder.path() / "plain.pt").predict(row).value;

    const GroupingLocale grouping;
    ASSERT_EQ(in_this_locale(1280.5), "1.280,5");
    auto learn = make();
    learn.add_callback(csv_logger({.path = folder.path() / "grouped.csv"}));
    learn.fit_one_cycle(1, 1e-2);
    learn.export_torchscript(folder.path() / "grouped.pt");
    plot_lr_find(learn.lr_find({.num_it = 20})).save(folder.path() / "lr.json");
    EXPECT_EQ(in_this_locale(1280.5), "1.280,5");

    EXPECT_NEAR(learn.predict(row).value, expected, 1e-6 * std::abs(expected));
    for (const char* file : {"plain.pt", "grouped.pt"}) {
        const auto predictor = Predictor::load(folder.path() / file);
        EXPECT_NEAR(predictor.predict(row).value, expected, 1e-6 * std::abs(expected)) << file;
        // The methods in the file make categories of numbers too.
        c10::Dict<std::string, c10::List<std::string>> categories;
        categories.insert("sold", c10::List<std::string>({"2005-03-11"}));
        categories.insert("words", c10::List<std::string>({"small house"}));
        c10::Dict<std::string, c10::List<double>> numbers;
        numbers.insert("size", c10::List<double>({1300.25}));
        const at::Tensor price = predictor.call("predict", {categories, numbers}).toTensor();
        EXPECT_NEAR(price.item<double>(), expected, 1e-6 * std::abs(expected)) << file;
    }
    const auto without_time = [](std::string line) { return line.substr(0, line.rfind(',')); };
    EXPECT_EQ(without_time(text(folder.path() / "grouped.csv")), without_time(text(folder.path() / "plain.csv")));

    std::ostringstream csv;
    write_csv(csv, Table::from_text({{"id", {"1280"}}}).with_column("value", torch::tensor({1280.5})));
    EXPECT_EQ(csv.str(), "id,value\n1280,1280.5\n");
    EXPECT_THAT(text(folder.path() / "lr.json"), Not(HasSubstr("1.280")));
    EXPECT_EQ(concat(1280, " ", 1280.5), "1280 1280.5");
    EXPECT_EQ(format_number(1280.5, 2), "1280.50");
}

}  // namespace locale_test
