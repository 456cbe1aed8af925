#include "rankings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <embark/core/error.h>
#include <embark/core/text.h>
#include <embark/data/table/table.h>
#include <embark/predictor/item_ranking.h>

#include "column_report.h"
#include "commands.h"
#include "read_table.h"
#include "training_options.h"

// The commands that rank items for many users, by an exported model.
namespace embark::tools {
namespace {

/// So many users are ranked at once.
constexpr int64_t kUsersAtOnce = 4096;

/// Ids that a file has one a line, without the spaces around them. Throws Error for one that is missing, and for none.
std::vector<std::string> read_ids(const std::string& file) {
    require(std::filesystem::is_regular_file(file), "There is no file ", file);
    std::ifstream in(file);
    require(static_cast<bool>(in), "Cannot read ", file);
    std::vector<std::string> ids;
    for (std::string line; std::getline(in, line);) {
        const size_t first = line.find_first_not_of(" \t\r"), last = line.find_last_not_of(" \t\r");
        ids.push_back(first == std::string::npos ? "" : line.substr(first, last - first + 1));
        require(!ids.back().empty(), file, ", line ", ids.size(), ": the id is missing");
    }
    require(!ids.empty(), file, " has no ids");
    return ids;
}

/// The items that may be ranked: of a file of those, without those of another. Undefined: all.
at::Tensor allowed_items(const ItemRanking& ranking, const std::string& among, const std::string& exclude) {
    if (among.empty() && exclude.empty()) return {};
    at::Tensor allowed = at::full({ranking.items().size()}, among.empty(), at::kBool);
    for (const auto& [file, value] : {std::pair(&among, true), {&exclude, false}}) {
        if (file->empty()) continue;
        int64_t unknown = 0;
        for (const std::string& item : read_ids(*file)) {
            const int64_t number = ranking.items().index(item);
            unknown += number == 0;
            if (number != 0) allowed[number] = value;
        }
        if (unknown > 0) {
            show_warnings({{"unknown_ids", concat(unknown, unknown == 1 ? " item" : " items", " of ", *file,
                                                  unknown == 1 ? " is" : " are", " not in the model")}});
        }
    }
    require(allowed.any().item<bool>(), "No item of the model may be recommended: --among and --exclude leave none");
    return allowed;
}

/// A field of a CSV file, quoted where it needs to be.
std::string csv_field(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
    return quoted + "\"";
}

void write_rankings(const ItemRanking& ranking, const std::vector<std::string>& users, const TopItems& top) {
    const int64_t k = top.items.size(1);
    const int64_t* item = top.items.const_data_ptr<int64_t>();
    const float* score = top.scores.const_data_ptr<float>();
    std::string text;
    for (const std::string& user : users) {
        const std::string name = csv_field(user);
        for (int64_t rank = 1; rank <= k; ++rank, ++item, ++score) {
            if (*item < 0) continue;
            // Streams would take most of the time of many users.
            std::array<char, 32> digits{};
            const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), *score).ptr;
            text.append(name).append(",").append(std::to_string(rank)).append(",");
            text.append(csv_field(ranking.items().name(*item))).append(",").append(digits.data(), end).append("\n");
        }
    }
    std::cout << text;
}

/// Users with what a table says that they had later: pairs of the model's numbers, each once, ascending.
struct TestPairs {
    std::vector<std::pair<int64_t, int64_t>> pairs;
    int64_t unknown_users = 0, known_pairs = 0, unknown_items = 0;
};

TestPairs test_pairs(const ItemRanking& ranking, const InteractionPairList& events) {
    TestPairs result;
    const int64_t *begins = nullptr, *rated = nullptr;
    if (ranking.rated_offsets().defined()) {
        begins = ranking.rated_offsets().const_data_ptr<int64_t>();
        rated = ranking.rated_items().const_data_ptr<int64_t>();
    }
    std::vector<std::string> unknown;
    for (const auto& [user_name, item_name] : events) {
        const int64_t user = ranking.users().index(user_name), item = ranking.items().index(item_name);
        if (user == 0) {
            unknown.push_back(user_name);
        } else if (item != 0 && begins && std::binary_search(rated + begins[user], rated + begins[user + 1], item)) {
            ++result.known_pairs;
        } else {
            result.unknown_items += item == 0;
            result.pairs.emplace_back(user, item);
        }
    }
    std::ranges::sort(unknown);
    result.unknown_users = std::ranges::unique(unknown).begin() - unknown.begin();
    std::ranges::sort(result.pairs);
    return result;
}

std::vector<Warning> warnings_of(const TestPairs& test) {
    std::vector<Warning> warnings;
    const auto add = [&](const char* code, int64_t n, const char* one, const char* several, const char* rest) {
        if (n > 0) warnings.push_back({code, concat(n, n == 1 ? one : several, rest)});
    };
    add("unknown_users", test.unknown_users, " user is", " users are", " not in the model, and cannot be measured");
    add("known_pairs", test.known_pairs, " pair of user and item was", " pairs of user and item were",
        " in the training data, and are not measured: the model does not recommend what a user had");
    add("unknown_items", test.unknown_items, " pair names an item", " pairs name items",
        " that the model does not have; they count as missed");
    return warnings;
}

TopKScores measure(const ItemRanking& ranking, const TestPairs& test, const std::vector<TopKMetric>& metrics) {
    TopKScores scores(metrics, ranking.items().size() - 1);
    const int64_t k = largest_k(metrics);
    for (size_t begin = 0; begin < test.pairs.size();) {
        std::vector<int64_t> users, offsets = {0}, items;
        size_t i = begin;
        for (; i < test.pairs.size(); ++i) {
            if (users.empty() || users.back() != test.pairs[i].first) {
                if (std::ssize(users) == kUsersAtOnce) break;
                users.push_back(test.pairs[i].first);
                offsets.push_back(offsets.back());
            }
            items.push_back(test.pairs[i].second);
            ++offsets.back();
        }
        at::Tensor rankings = ranking.top(at::tensor(users), k).items;
        if (rankings.size(1) < k) rankings = at::constant_pad_nd(rankings, {0, k - rankings.size(1)}, -1);
        scores.add(rankings, {at::tensor(offsets), at::tensor(items)});
        begin = i;
    }
    return scores;
}

}  // namespace

Positives positives_of(const std::string& rule) {
    const bool at_least_it = rule.starts_with(">="), above = !at_least_it && rule.starts_with(">");
    const auto number = parse_double(rule.substr(at_least_it ? 2 : above ? 1 : 0));
    require<UsageError>(number && std::isfinite(*number), "Invalid --positives ", rule,
                        ": it says from which rating on a row is a positive, as \">=4\" or \">3\"");
    return at_least(above ? std::nextafter(*number, std::numeric_limits<double>::infinity()) : *number);
}

void show_figures(const std::string& metrics,
                  const std::vector<std::pair<std::string, std::map<std::string, double>>>& rows, int64_t users) {
    constexpr size_t kWidth = 14;
    std::cout << fit_width(concat(users, users == 1 ? " user" : " users"), kWidth);
    for (const auto& metric : top_k_metrics(metrics)) std::cout << fit_width(metric.name(), kWidth);
    std::cout << "\n";
    for (const auto& [name, values] : rows) {
        std::cout << fit_width(name, kWidth);
        for (const auto& metric : top_k_metrics(metrics)) std::cout << fit_width(format_number(values.at(metric.name()), 4), kWidth);
        std::cout << "\n";
    }
}

int recommend_all(const Arguments& arguments) {
    CommandLine line("embark recommend --model FILE --users FILE [--top K] [OPTIONS]",
                     "Prints the best items of many users as CSV: user, rank, item, score.");
    std::string model, users, among, exclude;
    int64_t top = 10, threads = 1;
    bool include_rated = false;
    auto add = line.options.add_options();
    add("model", text_option(model, "FILE"), "a TorchScript file of ratings or interactions that embark exported");
    add("users", text_option(users, "FILE"), "a file with one id of a user a line");
    add("top", count_option(top), "how many items of each user");
    add("among", text_option(among, "FILE"), "recommend only items of this file, one id a line");
    add("exclude", text_option(exclude, "FILE"), "recommend no item of this file, one id a line");
    add("include-rated", po::bool_switch(&include_rated), "also what the users had in training");
    add("threads", count_option(threads), "how many threads work");
    if (line.help_printed(arguments)) return kSuccess;
    const auto values = line.parse(arguments);
    require<UsageError>(top >= 1, "Invalid --top ", top, ": at least 1 is needed");
    require<UsageError>(threads >= 1, "Invalid --threads ", threads, ": at least 1 is needed");
    at::set_num_threads(static_cast<int>(threads));
    const ItemRanking ranking(Predictor::load(required_text(values, "model")));
    const std::vector<std::string> ids = read_ids(required_text(values, "users"));
    const at::Tensor allowed = allowed_items(ranking, among, exclude);
    const at::Tensor numbers = ranking.encode_users(ids);
    if (const int64_t unknown = numbers.eq(0).sum().item<int64_t>(); unknown > 0) {
        show_warnings({{"unknown_ids", concat(unknown, unknown == 1 ? " user was" : " users were",
                                              " not in the training data; showing results for an unknown user")}});
    }
    std::cout << "user,rank,item,score\n";
    for (int64_t first = 0; first < numbers.numel(); first += kUsersAtOnce) {
        const int64_t n = std::min(kUsersAtOnce, numbers.numel() - first);
        const TopItems found = ranking.top(numbers.narrow(0, first, n), top, include_rated, allowed);
        write_rankings(ranking, {ids.begin() + first, ids.begin() + first + n}, found);
    }
    return kSuccess;
}

int evaluate(const Arguments& arguments) {
    CommandLine line("embark evaluate --model FILE --test FILE [OPTIONS]",
                     "Measures how well a model ranks the items that users had after training, over all items that were "
                     "new to them.");
    std::string model, test, rating, positives, metrics = "ndcg@10,recall@20";
    bool json = false;
    ReadingOptions reading;
    auto add = line.options.add_options();
    add("model", text_option(model, "FILE"), "a TorchScript file of ratings or interactions that embark exported");
    add("test", text_option(test, "FILE"), "a CSV or Parquet file with the columns of users and items, called as in training");
    add("metrics", text_option(metrics, "LIST")->default_value(metrics),
        "recall, precision, hit_rate, ndcg, mrr, map or coverage, each @ how many items");
    add("rating", text_option(rating, "NAME"), "the column of ratings, for --positives");
    add("positives", text_option(positives, "RULE"), "which rows count, by their rating, such as \">=4\"");
    add("json", po::bool_switch(&json), "print the results as one JSON object");
    add_reading_options(line, reading);
    if (line.help_printed(arguments)) return kSuccess;
    const auto values = line.parse(arguments);
    const auto wanted = top_k_metrics(metrics);
    require<UsageError>(positives.empty() == rating.empty(), "--positives and --rating go together");
    const Predictor predictor = Predictor::load(required_text(values, "model"));
    const ItemRanking ranking(predictor);
    const Table table = read_table(reading, required_text(values, "test"), {.trim_spaces = true});
    InteractionOptions options = {.user_name = predictor.info().inputs.at(0),
                                  .item_name = predictor.info().inputs.at(1),
                                  .rating_name = rating};
    if (!positives.empty()) options.positives = positives_of(positives);
    std::vector<Warning> warnings;
    const InteractionPairList events = interaction_pairs(table, options, warnings);
    const TestPairs pairs = test_pairs(ranking, events);
    const auto more = warnings_of(pairs);
    warnings.insert(warnings.end(), more.begin(), more.end());
    show_warnings(warnings);
    const TopKScores scores = measure(ranking, pairs, wanted);
    require(pairs.unknown_items < std::ssize(pairs.pairs) || pairs.pairs.empty(), "The model has none of the items of ", test,
            ", such as '", events.front().second, "'; its items are called as '", ranking.items().names().back(), "'");
    require(scores.users() > 0, "No user of ", test, " is in the model with an item that was new to them");
    if (json) {
        std::cout << nlohmann::json{{"metrics", figures(scores.values())},
                                    {"users", scores.users()},
                                    {"unknown_users", pairs.unknown_users},
                                    {"warnings", warnings_report(warnings)}}
                         .dump(2)
                  << "\n";
    } else {
        show_figures(metrics, {{"", scores.values()}}, scores.users());
    }
    return kSuccess;
}

}  // namespace embark::tools
