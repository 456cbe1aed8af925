#include <cmath>

#include <embark/data/table/crosstab.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

static Result run_crosstab(const Lab& lab) {
    const Table ratings = latest_small(lab);
    const Crosstab table = crosstab(ratings, "userId", "movieId", "rating", {.top_rows = 15, .top_columns = 15});

    Result result;
    result.step("Users × films", table.text());
    result.plot(table.plot("Most active users, most rated films"));
    const double filled = table.values.isfinite().sum().item<double>();
    result.grids.push_back(
        {"Size",
         "",
         {"users", "films", "filled cells"},
         {{"count", {double(table.rows.size()), double(table.columns.size()), filled}, {15, 15, NAN}}}});
    result.check({"users", Relation::as_high, double(table.rows.size()), 15});
    result.check({"films", Relation::as_high, double(table.columns.size()), 15});
    return result;
}

const Experiment kCrosstab = {
    .name = "crosstab",
    .title = "Ratings as a table of users and films, with holes",
    .notes =
        "The most active users down, the most rated films across; empty cells are what collaborative filtering "
        "is to fill in. The notes' users are 14 29 72 … 623 and their films 27 49 57 … 505, numbers of an older "
        "release: ours differ.",
    .settings = "ML-latest-small, top 15 × top 15",
    .conclusion =
        "Ratings are a matrix with few of its cells filled. To recommend is to predict the empty cells, and "
        "the filled ones are all there is to learn from.",
    .to_try = "Ask crosstab for 50 × 50: the share of filled cells falls.",
    .run = run_crosstab};

}  // namespace embark::course
