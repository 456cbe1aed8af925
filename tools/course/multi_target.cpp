#include <embark/learners/tabular_learner.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

static Result run_multi_target(const Lab& lab) {
    const Table people = adult(lab);
    // The same inputs for all models: neither target is among them.
    const auto train = [&](const std::vector<std::string>& targets, const std::vector<Metric>& metrics) {
        set_seed(lab.seed);
        auto dls = TabularDataLoaders::from_table(
            people, {.y_names = targets,
                     .cat_names = {"workclass", "education", "occupation", "race", "sex", "native-country"},
                     .cont_names = {"age", "education-num", "capital-gain", "capital-loss", "hours-per-week"},
                     .batch_size = 64,
                     .seed = lab.seed});
        // The loss of several targets is the sum of their losses.
        auto learn = tabular_learner(dls, {.layers = {200, 100}}, {.metrics = metrics});
        learn.fit_one_cycle(lab.epochs(3), 5e-3);
        return learn.records();
    };
    const Records both =
        train({"salary", "marital-status"}, {accuracy().on(0, "accuracy_salary"), log_loss().on(0, "log_loss_salary"),
                                             accuracy().on(1, "accuracy_status"), log_loss().on(1, "log_loss_status")});
    const Records salary = train({"salary"}, {accuracy(), log_loss()});
    const Records status = train({"marital-status"}, {accuracy(), log_loss()});

    Result result;
    result.training(both, {}, {}, "Salary and marital status by one network");
    result.grids.push_back({"Validation",
                            "",
                            {"salary", "marital status"},
                            {{"accuracy, one network", {both.last("accuracy_salary"), both.last("accuracy_status")}},
                             {"accuracy, one each", {salary.last("accuracy"), status.last("accuracy")}},
                             {"log loss, one network", {both.last("log_loss_salary"), both.last("log_loss_status")}},
                             {"log loss, one each", {salary.last("log_loss"), status.last("log_loss")}}}});
    result.check({"accuracy of salary is no worse", Relation::as_high, both.last("accuracy_salary"),
                  salary.last("accuracy"), "a network of its own", 0.005});
    result.check({"log loss of salary is no worse", Relation::as_low, both.last("log_loss_salary"),
                  salary.last("log_loss"), "a network of its own", 0.005});
    return result;
}

const Experiment kMultiTarget = {
    .name = "multi-target",
    .title = "Two targets, one network, the losses summed",
    .notes =
        "A network that tells two things of a picture was better at the first than one that learned it alone: "
        "what is learned for one helps the other. Sometimes this is so, sometimes not.",
    .settings =
        "Adult census, salary and marital status, layers 200 and 100, batches of 64, 3 epochs of one-cycle at "
        "5e-3",
    .conclusion =
        "One network for two targets is no worse on the first than a network of its own, and is trained "
        "once. Whether it gets better depends on the targets.",
    .to_try = "Predict education beside salary instead of the marital status.",
    .run = run_multi_target};

}  // namespace embark::course
