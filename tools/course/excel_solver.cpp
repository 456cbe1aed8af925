#include <torch/torch.h>

#include <embark/data/table/crosstab.h>
#include <embark/learners/learner.h>
#include <embark/modules/dot_product.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

/// What the sheet's one cell under the table says.
static at::Tensor root_mean_square(const at::Tensor& predicted, const at::Tensor& actual) {
    return torch::mse_loss(predicted.flatten(), actual.flatten()).sqrt();
}

static Result run_excel_solver(const Lab& lab) {
    const Crosstab table =
        crosstab(latest_small(lab), "userId", "movieId", "rating", {.top_rows = 15, .top_columns = 15});

    // Only filled cells count: they are the data set, all of it one batch.
    const at::Tensor cells = table.values.isfinite().nonzero();
    const at::Tensor ratings = table.values.index({cells.select(1, 0), cells.select(1, 1)}).to(torch::kFloat);
    const DataLoaders dls(DataLoader({.inputs = {cells}, .targets = {ratings}}, {.batch_size = cells.size(0)}), {});

    DotProduct model(
        DotProductOptions{.n_users = table.values.size(0), .n_items = table.values.size(1), .n_factors = 5});
    torch::NoGradGuard no_grad;
    model->user_factors->weight.uniform_(0, 1);  // =RAND(), as in the sheet
    model->item_factors->weight.uniform_(0, 1);
    const auto solved = [&] {
        return model->user_factors->weight.mm(model->item_factors->weight.t()).to(torch::kDouble);
    };
    const double before = root_mean_square(model->forward(cells), ratings).item<double>();
    Crosstab predicted_before{table.rows, table.columns, solved()};

    // Gradient descent, which the notes name in place of Excel's solver.
    torch::AutoGradMode grad(true);
    Learner learn(dls, model, {.loss = Loss("rmse", root_mean_square), .progress = false});
    learn.fit_one_cycle(lab.epochs(1000), 0.05, {.weight_decay = 0});
    torch::NoGradGuard done;
    const double after = root_mean_square(model->forward(cells), ratings).item<double>();

    Result result;
    result.grids.push_back(
        {"RMSE over the filled cells", "", {"from random numbers", "solved"}, {{"rmse", {before, after}}}});
    result.step("Ratings", table.text());
    result.step("Dot products of random factors", predicted_before.text());
    const Crosstab predicted{table.rows, table.columns, solved()};
    result.step("Dot products once solved", predicted.text());
    result.plot(predicted.plot("Solved: every cell has a prediction"));
    result.check({"the RMSE over the filled cells is small", Relation::at_most, after, 0.45, "what is asked for", 0});
    return result;
}

const Experiment kExcelSolver = {
    .name = "excel-solver",
    .title = "The spreadsheet: five factors a user and a film, solved by gradient descent",
    .notes =
        "A 15 × 15 table is taken apart into two tables of 5 latent factors that begin at random; a solver "
        "changes them until the root of the mean squared error over the filled cells is smallest. The notes "
        "print no figure.",
    .settings =
        "ML-latest-small, 15 × 15, 5 factors from random numbers in (0, 1), loss RMSE over filled cells, "
        "Adam, one-cycle of 1000 steps at 0.05, no weight decay",
    .conclusion =
        "Two narrow tables reproduce the wide one, though nobody said what their five columns mean: "
        "gradient descent finds the numbers from the ratings alone.",
    .to_try =
        "Give it 2 factors, or 15, and compare the RMSE over the filled cells. Would you trust the empty cells "
        "more with 15?",
    .run = run_excel_solver};

}  // namespace embark::course
