#include <embark/callbacks/training_state.h>
#include <embark/learners/learner.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/core/file.h>

#include "event_recorder.h"

namespace embark {
namespace event_table_test {

using testing::EventRecorder;
using Events = std::vector<std::string>;

/// Events of training batches and of validation batches alike.
const std::set<std::string> kOfEveryBatch = {"before_batch", "after_pred", "after_loss", "after_batch"};

/// Asks to leave a level at the first event of a name, in a training or a validation batch where it is in both, and
/// looks at what becomes of the batch.
struct Experiment {
    Level level = Level::fit;
    std::string at;
    bool training = true;

    bool asked = false;
    size_t asked_at = 0;  // how many events there were by then
    bool in_training_batch = false, stepped = false, gradients_kept = false;

    bool fits(const std::string& event, const TrainingState& state) const {
        return !asked && event == at && (state.training == training || !kOfEveryBatch.contains(event));
    }
};

/// A fit of two epochs, with two training and two validation batches each; every event in order.
Events run(Experiment& experiment) {
    torch::manual_seed(1);
    const auto x = torch::randn({4, 1}), y = torch::randn({4, 1});
    const DataLoaders dls = DataLoaders::from_tensors({{x}, {y}}, {{x}, {y}}, {.batch_size = 2, .valid_batch_size = 2});
    const auto recorder = std::make_shared<EventRecorder>();
    bool looked = false;
    Learner learn(dls, torch::nn::Linear(1, 1), {.loss = mse_loss_flat(), .callbacks = {recorder}, .progress = false});
    const at::Tensor weight = learn.model().module().parameters().front();
    at::Tensor before;  // the weight as the training batch at hand began, until its end
    const std::set<std::string> ends = {"after_batch", "after_train", "after_epoch", "after_fit"};
    recorder->at_every_event([&](const std::string& event, TrainingState& state) {
        if (event == "before_batch" && state.training) before = weight.detach().clone();
        if (experiment.fits(event, state)) {
            experiment.asked = true;
            experiment.asked_at = recorder->seen().size();
            experiment.in_training_batch = before.defined();
            state.cancel(experiment.level);
        }
        if (!before.defined() || !ends.contains(event)) return;
        if (experiment.asked && experiment.in_training_batch && !looked) {
            experiment.stepped = !weight.equal(before);
            experiment.gradients_kept = weight.grad().defined();
            looked = true;
        }
        before.reset();
    });
    try {
        learn.fit(2, 0.1);
    } catch (const Error&) {
        experiment.asked = false;  // the level does not run at that event
    }
    return recorder->seen();
}

std::string code(const std::string& event) {
    return "`" + event + "`";
}

/// "`a`, `b`" for a few events, "`a` … `z` (12)" for many.
std::string abridged(const Events& events) {
    if (events.empty()) return "nothing";
    if (events.size() > 3) return concat(code(events.front()), " … ", code(events.back()), " (", events.size(), ")");
    std::vector<std::string> all;
    for (const auto& event : events) all.push_back(code(event));
    return join(all);
}

/// What follows after an event at which a level was cancelled, beside what would have followed.
std::string row(const Experiment& experiment, const Events& seen, const Events& undisturbed) {
    const Events rest(seen.begin() + static_cast<int64_t>(experiment.asked_at), seen.end());
    const Events usual(undisturbed.begin() + static_cast<int64_t>(experiment.asked_at), undisturbed.end());
    size_t same = 0;
    while (same < std::min(rest.size(), usual.size()) &&
           rest[rest.size() - 1 - same] == usual[usual.size() - 1 - same]) {
        ++same;
    }
    const Events skipped(usual.begin(), usual.end() - static_cast<int64_t>(same));
    const Events added(rest.begin(), rest.end() - static_cast<int64_t>(same));
    const std::string next = same > 0 ? code(rest[rest.size() - same]) : "";
    const std::string batch = experiment.in_training_batch ? concat(experiment.stepped ? "done" : "left out", ", ",
                                                                    experiment.gradients_kept ? "kept" : "dropped")
                                                           : "–";
    return concat("| `", to_string(experiment.level), "` | `", experiment.at, "`",
                  experiment.training ? "" : " (validation)", " | ", abridged(skipped), " | ", abridged(added), " | ",
                  next, " | ", batch, " |\n");
}

std::string cancel_table() {
    Experiment none{.at = "never"};
    const Events undisturbed = run(none);
    Events names;
    for (const auto& event : undisturbed) {
        if (std::find(names.begin(), names.end(), event) == names.end()) names.push_back(event);
    }
    std::string table =
        "| cancelled | at | skipped | sent instead | goes on with | the batch's step, its gradients |\n"
        "|---|---|---|---|---|---|\n";
    for (const Level level :
         {Level::fit, Level::epoch, Level::train, Level::validate, Level::batch, Level::backward, Level::step}) {
        for (const auto& name : names) {
            for (const bool training : {true, false}) {
                if (!training && !kOfEveryBatch.contains(name)) continue;
                Experiment experiment{.level = level, .at = name, .training = training};
                const Events seen = run(experiment);
                if (experiment.asked) table += row(experiment, seen, undisturbed);
            }
        }
    }
    return table;
}

std::string order_table() {
    Experiment none{.at = "never"};
    // A new line where a level begins, and after its batches.
    const std::set<std::string> begins = {"before_epoch", "before_train", "before_validate",
                                          "before_batch", "after_train",  "after_validate"};
    std::string table = "| events |\n|---|";
    for (const auto& event : run(none)) {
        const bool first = table.ends_with("---|");
        table += (first || begins.contains(event) ? (first ? "\n| " : " |\n| ") : " ") + code(event);
    }
    return table + " |\n";
}

/// `text` with what stands between "<!-- name -->" and "<!-- end -->" replaced.
std::string with_table(std::string text, const std::string& name, const std::string& table) {
    const std::string begin = "<!-- " + name + " -->\n", end = "<!-- end -->";
    const size_t from = text.find(begin);
    const size_t to = text.find(end, from);
    require(from != std::string::npos && to != std::string::npos, "docs/events.md has no place for ", name);
    return text.replace(from + begin.size(), to - from - begin.size(), table);
}

TEST(EventTable, docs_say_what_the_loop_does) {
    const std::string path = std::string(EMBARK_SOURCE_DIR) + "/docs/events.md";
    const std::string written = read_file(path);
    const std::string right = with_table(with_table(written, "order", order_table()), "cancel", cancel_table());
    if (std::getenv("EMBARK_UPDATE_DOCS") != nullptr) return write_file_atomically(path, {right});
    EXPECT_EQ(written, right) << "run this test with EMBARK_UPDATE_DOCS=1 to write the tables anew";
}

TEST(EventTable, docs_show_the_levels_of_the_one_list_of_events) {
    const std::string written = read_file(std::string(EMBARK_SOURCE_DIR) + "/docs/events.md");
    const size_t begin = written.find("```") + 3;
    std::string figure = written.substr(begin, written.find("```", begin) - begin);
    std::replace_if(
        figure.begin(), figure.end(), [](char c) { return c == '[' || c == ']'; }, ' ');
    std::istringstream words(figure);
    Events shown;
    for (std::string word; words >> word;) {
        const bool event = word.starts_with("before_") || word.starts_with("after_") || word.starts_with("cleanup_");
        if (event && std::find(shown.begin(), shown.end(), word) == shown.end()) shown.push_back(word);
    }
#define EMBARK_NAME(event) #event,
    const Events listed = {EMBARK_EVENTS(EMBARK_NAME)};
#undef EMBARK_NAME
    EXPECT_EQ(shown, listed);
}

}  // namespace event_table_test
}  // namespace embark
