#include "training_page.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string_view>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <embark/callbacks/reporting/plot_records.h>
#include <embark/core/error.h>
#include <embark/core/text.h>
#include <embark/learners/insight/feature_importance.h>
#include <embark/learners/insight/interpretation.h>
#include <embark/learners/insight/pca.h>

#include "file_contents.h"
#include "file_page.h"
#include "json.h"

namespace embark::tools {

namespace {

using PageRows = std::vector<std::vector<std::string>>;

/// Each row is asked once a column and repetition, so that these are enough.
constexpr int64_t kImportanceRows = 2000, kImportanceRepeats = 3;
constexpr int64_t kExamples = 10, kResiduals = 2000;
constexpr size_t kClassesDrawn = 30, kConfusions = 25;
/// A longer table is folded.
constexpr size_t kOpenRows = 25;

constexpr std::string_view kTrainingStyle = R"html(<style>
body { line-height: 1.5; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin: 2rem 0 .4rem; } h3 { font-size: 1rem; margin: 1.2rem 0 .2rem; }
pre { overflow-x: auto; background: #f6f6f4; padding: .6rem; font-size: .8rem; }
details summary { cursor: pointer; color: #2a5cbb; }
</style>
)html";

void add_heading(Page& page, const std::string& text) {
    page.add_html(concat("<h2>", html_escape(text), "</h2>\n"));
}

void add_subheading(Page& page, const std::string& text) {
    page.add_html(concat("<h3>", html_escape(text), "</h3>\n"));
}

void add_sentence(Page& page, const std::string& text) {
    page.add_html(concat("<p>", html_escape(text), "</p>\n"));
}

std::string shown(const Json& value) {
    if (value.is_null()) return "not defined";
    if (value.is_number_float()) return concat(value.get<double>());
    return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string spoken(std::string key) {
    std::replace(key.begin(), key.end(), '_', ' ');
    return key;
}

/// The report's figures, one of several by both names; lists have a place of their own on the page.
void add_figures(Page& page, const Json& report) {
    PageRows rows;
    for (const auto& [key, value] : report.items()) {
        if (value.is_primitive() && key != "export") rows.push_back({spoken(key), shown(value)});
        if (!value.is_object()) continue;
        for (const auto& [name, part] : value.items()) {
            if (part.is_primitive()) rows.push_back({spoken(key) + ": " + name, shown(part)});
        }
    }
    add_heading(page, "Figures");
    page.add_table({"figure", "value"}, rows);
}

void add_warnings(Page& page, const Json& warnings) {
    if (warnings.empty()) return;
    add_heading(page, "What to know");
    page.add_html("<ul>\n");
    for (const Json& warning : warnings) {
        page.add_html(concat("<li>", html_escape(warning.at("message").get<std::string>()), "</li>\n"));
    }
    page.add_html("</ul>\n");
}

void add_columns(Page& page, const Json& columns) {
    PageRows rows;
    const auto count = [](const Json& n) { return n.is_null() ? "not counted" : n.dump(); };
    for (const Json& column : columns) {
        rows.push_back({column.at("name"), column.at("kind"), count(column.at("distinct")), count(column.at("missing")),
                        column.at("reason")});
    }
    add_heading(page, "Columns");
    page.add_table({"column", "taken for", "different values", "missing", "why"}, rows);
}

void add_epochs(Page& page, const Records& records) {
    std::vector<std::string> header = {"epoch", "train_loss", "valid_loss"};
    header.insert(header.end(), records.metric_names.begin(), records.metric_names.end());
    header.emplace_back("seconds");
    PageRows rows;
    for (const EpochRow& epoch : records.epochs) {
        std::vector<std::string> row = {std::to_string(epoch.epoch), format_number(epoch.train_loss),
                                        std::isnan(epoch.valid_loss) ? "" : format_number(epoch.valid_loss)};
        for (const double metric : epoch.metrics) row.push_back(format_number(metric));
        row.push_back(format_number(epoch.train_seconds + epoch.valid_seconds, 2));
        rows.push_back(std::move(row));
    }
    page.add_html(concat("<details", rows.size() <= kOpenRows ? " open" : "", "><summary>", rows.size(),
                         rows.size() == 1 ? " epoch" : " epochs", "</summary>\n"));
    page.add_table(header, rows);
    page.add_html("</details>\n");
}

void add_training(Page& page, const Records& records) {
    if (records.epochs.empty() && records.losses.empty()) return;
    add_heading(page, "Training");
    if (!records.epochs.empty()) add_epochs(page, records);
    if (!records.losses.empty()) page.add(plot_loss(records));
    if (records.epochs.size() > 1) page.add(plot_metrics(records));
    if (!records.hypers.empty()) page.add(plot_schedule(records));
}

/// How far values are off; both (n) in their own units.
void add_residuals(Page& page, const std::string& name, const at::Tensor& predicted, const at::Tensor& actual) {
    const at::Tensor p = predicted.to(at::kDouble).flatten(), off = actual.to(at::kDouble).flatten() - p;
    const int64_t n = p.numel();
    const at::Tensor drawn = at::arange(0, n, (n + kResiduals - 1) / kResiduals, at::kLong);
    std::vector<std::string> names;
    for (int64_t i = 0; i < drawn.numel(); ++i) names.push_back(concat("row ", drawn[i].item<int64_t>()));
    std::string title = "Residuals of " + name;
    if (drawn.numel() < n) title += concat(", ", drawn.numel(), " of ", n, " rows");
    page.add(plot_scatter(at::stack({p, off}, 1).index_select(0, drawn), names,
                          {.title = title, .x_title = "predicted", .y_title = "actual − predicted"}));
    const at::Tensor sorted = std::get<0>(off.abs().sort());
    const auto largest_of = [&](double share) {
        return sorted[std::llround(share * static_cast<double>(n - 1))].item<double>();
    };
    add_sentence(page, concat("Half of the ", n, " validation rows are off by at most ", largest_of(0.5),
                              ", nine tenths by at most ", largest_of(0.9), ", the worst by ", largest_of(1), "."));
}

/// How classes are taken for one another: all of them, or the pairs that are most often where these are too many to
/// see.
void add_confusions(Page& page, const ConfusionMatrix& matrix) {
    if (matrix.classes.size() <= kClassesDrawn) {
        page.add(matrix.plot());
        return;
    }
    PageRows rows;
    for (const auto& confusion : matrix.most_confused()) {
        if (rows.size() == kConfusions) break;
        rows.push_back({confusion.actual, confusion.predicted, std::to_string(confusion.count)});
    }
    page.add_table({"actual", "predicted", "rows"}, rows);
}

/// How often each label is there, and is found; both (n, labels).
void add_labels(Page& page, const TargetColumn& target, const at::Tensor& probabilities, const at::Tensor& actual) {
    PageRows rows;
    for (int64_t i = 0; i < target.width(); ++i) {
        const double threshold =
            target.thresholds.empty() ? kLabelThreshold : target.thresholds[static_cast<size_t>(i)];
        const at::Tensor found = probabilities.select(1, i) > threshold, there = actual.select(1, i) > kLabelThreshold;
        const auto count = [](const at::Tensor& which) { return std::to_string(which.sum().item<int64_t>()); };
        rows.push_back({target.classes.name(i + 1), count(there), count(found), count(there.logical_and(found)),
                        concat(threshold)});
    }
    page.add_table({"label", "rows that have it", "rows predicted to have it", "rightly", "above a probability of"},
                   rows);
}

void add_table(Page& page, const Table& table) {
    std::vector<std::vector<std::string>> columns;
    for (const std::string& name : table.names()) columns.push_back(table.text(name));
    PageRows rows(static_cast<size_t>(table.rows()));
    for (size_t row = 0; row < rows.size(); ++row) {
        for (const auto& column : columns) rows[row].push_back(column[row]);
    }
    page.add_table(table.names(), rows);
}

/// `recommend` gives the items for a user; of the first users of the vocabulary, whose first entry is nobody.
template <class Recommend>
void add_recommended(Page& page, const Vocabulary& users, Recommend recommend) {
    constexpr int64_t kUsers = 3, kItems = 5;
    PageRows rows;
    for (int64_t user = 1; user < std::min(users.size(), kUsers + 1); ++user) {
        for (const Scored& item : recommend(users.name(user), kItems)) {
            rows.push_back({users.name(user), item.name, concat(item.score)});
        }
    }
    add_heading(page, "What is recommended to some users");
    page.add_table({"user", "item", "score"}, rows);
}

bool is_plain(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("-_./=,:@+").find(c) != std::string::npos;
}

}  // namespace

std::string command_text(const std::string& command, const Arguments& arguments) {
    std::string text = command;
    for (const std::string& word : arguments) {
        const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), is_plain);
        text += " ";
        if (plain) {
            text += word;
            continue;
        }
        text += "'";
        for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
        text += "'";
    }
    return text;
}

Page training_page(const std::string& title, const std::string& command, const Json& report, const Records& records) {
    Page page(title);
    page.add_html(kTrainingStyle);
    page.add_html(concat("<h1>", html_escape(title), "</h1>\n<pre>", html_escape(command), "</pre>\n"));
    add_figures(page, report);
    add_warnings(page, report.at("warnings"));
    if (report.contains("columns")) add_columns(page, report["columns"]);
    add_training(page, records);
    return page;
}

void add_errors(Page& page, TabularLearner& learn) {
    if (!learn.dls().has_valid()) return;
    const Interpretation interpretation(learn);
    const Predictions& found = interpretation.predictions();
    const std::vector<TargetColumn>& targets = learn.tabular_dls().targets();
    add_heading(page, "Where it is wrong");
    for (size_t i = 0; i < targets.size(); ++i) {
        const TargetColumn& target = targets[i];
        const at::Tensor &predicted = found.all_predictions[i], &actual = found.all_targets[i];
        add_subheading(page, target.name);
        if (target.is_multi_label()) {
            add_labels(page, target, predicted, actual);
        } else if (target.is_class()) {
            add_confusions(page, interpretation.confusion_matrix({}, i));
        } else {
            add_residuals(page, target.name, target.decode(predicted.to(at::kDouble)),
                          target.decode(actual.to(at::kDouble)));
        }
    }
}

void add_errors(Page& page, CollabLearner& learn) {
    if (!learn.dls().has_valid()) return;
    const Predictions found = learn.get_preds();
    add_heading(page, "Where it is wrong");
    add_residuals(page, "ratings", found.predictions, found.targets);
}

void add_importance(Page& page, TabularLearner& learn) {
    if (!learn.dls().has_valid()) return;
    TensorDataset rows = learn.dls().valid().sample();
    const int64_t step = (rows.size() + kImportanceRows - 1) / kImportanceRows;
    if (step > 1) rows = rows.take(at::arange(0, rows.size(), step, at::kLong));
    const int64_t n = rows.size();
    const DataLoader loader(std::move(rows), {.batch_size = 1024});
    add_heading(page, "Which columns matter");
    add_sentence(page, concat("By how much the loss of ", n,
                              " validation rows grows when one column's values are "
                              "shuffled among them. Columns that say the same share what they say."));
    page.add(plot_feature_importance(feature_importance(learn, loader, {.n_repeats = kImportanceRepeats})));
}

void add_examples(Page& page, Learner& learn) {
    if (!learn.dls().has_valid()) return;
    add_heading(page, "Examples of predictions");
    add_table(page, learn.results(kExamples));
}

void add_recommendations(Page& page, CollabLearner& learn) {
    add_recommended(page, learn.collab_dls().users(),
                    [&](const std::string& user, int64_t k) { return learn.recommend(user, k); });
}

void add_recommendations(Page& page, const RankingLearner& learn) {
    add_recommended(page, learn.events().users(),
                    [&](const std::string& user, int64_t k) { return learn.recommend(user, k); });
}

Settings common_settings(const TrainingOptions& options, const LearnerOptions& learner, const Records& records,
                         int64_t batch_size) {
    Settings settings = {{"seed", std::to_string(options.seed)}, {"threads", std::to_string(options.threads)}};
    if (records.epochs.empty()) return settings;
    settings.insert(settings.begin(), {{"epochs", std::to_string(records.epochs.size())},
                                       {"learning rate, at most", concat(learner.lr)},
                                       {"batch size", std::to_string(batch_size)}});
    if (learner.weight_decay) settings.emplace_back("weight decay", concat(*learner.weight_decay));
    settings.emplace_back("device", default_device().str());
    return settings;
}

void add_settings(Page& page, const Settings& settings) {
    PageRows rows;
    for (const auto& [name, value] : settings) rows.push_back({name, value});
    add_heading(page, "Settings");
    page.add_table({"setting", "value"}, rows);
}

void add_usage(Page& page, const std::vector<std::string>& exported) {
    add_heading(page, "How to use the model");
    if (exported.empty()) {
        add_sentence(
            page,
            "Nothing was exported: --export model.pt or --export model.onnx writes a file that takes raw values.");
        return;
    }
    add_sentence(page, "The model is in " + join(exported) + "; embark inspect says what it takes and gives.");
    page.add_html(call_examples(exported.front(), file_contents(exported.front())));
}

}  // namespace embark::tools
