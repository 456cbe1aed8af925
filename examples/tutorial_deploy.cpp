// The program of docs/tutorials/deploy.md: a model leaves its program as a file, in two forms. It makes its own data.
#include <iostream>

#include <embark/embark.h>

using namespace embark;

/// Loans that were paid back, or not: it depends on income, sum and job.
Table made_loans() {
    std::vector<std::string> jobs, incomes, sums, paid;
    Random random(1);
    for (int i = 0; i < 2000; ++i) {
        const auto job = random.below(3), income = 20 + random.below(80), sum = 1 + random.below(60);
        jobs.push_back(job == 0 ? "clerk" : job == 1 ? "cook" : "pilot");
        incomes.push_back(std::to_string(income));
        sums.push_back(std::to_string(sum));
        paid.push_back(income + 20 * job > 2 * sum + random.below(20) ? "yes" : "no");
    }
    return Table::from_text({{"job", jobs}, {"income", incomes}, {"sum", sums}, {"paid", paid}});
}

int main() try {
    set_seed(42);
    const Table loans = made_loans();
    TabularRecipe recipe = default_recipe(loans.rows());
    recipe.data.y_names = {"paid"};
    auto learn = tabular_learner(TabularDataLoaders::from_table(loans, recipe.data), recipe.model, recipe.learner);
    fit_recipe(learn, recipe);

    const ExportOptions options = {.metadata = {{"model", "loans"}, {"made_by", "the credit team"}}};
    learn.export_torchscript("loans.pt", options);
    learn.export_onnx("loans.onnx", options);

    const auto loan = Predictor::load("loans.pt");
    const Prediction answer = loan.predict({{"job", "pilot"}, {"income", 60}, {"sum", 46}});
    std::cout << answer.label << " with probability " << format_number(answer.probability, 3) << "\n";

    EncodingCounts counts;
    const auto answers = loan.predict_columns(
        {{"job", {"cook", "diver"}}, {"income", {30, std::nullopt}}, {"sum", {50, 50}}}, &counts);
    for (const std::string& label : answers[0].labels()) std::cout << label << "\n";
    for (const Warning& warning : counts.warnings()) std::cout << warning.message << "\n";
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
