// A model of a table, from a CSV file to answers for one raw row and a file that anyone can use.
//
//     example_adult_census FOLDER [EXPORTED_FILE]        FOLDER holds adult.data, from UCI's Adult data set
//
// Predicts from a census who earns more than 50,000 dollars a year: fastai's tabular lesson. Expected: a batch of raw
// rows, then the table
//
//     epoch  train_loss  valid_loss  accuracy  roc_auc  time
//     0      0.34…       0.33…       0.84…     0.89…    0.3 s
//     1      0.32…       0.32…       0.85…     0.90…    0.3 s
//     2      0.31…       0.31…       0.85…     0.91…    0.3 s
//
// whose last accuracy lies between 0.84 and 0.86, then how the model takes its classes for one another, and what it
// says of one person.
#include <iostream>
#include <string>

#include <embark/embark.h>

using namespace embark;

int main(int argc, char** argv) try {
    const std::string folder = argc > 1 ? argv[1] : ".";
    const std::string exported = argc > 2 ? argv[2] : "adult.pt";
    set_seed(42);

    // The file has no header, a space before each value, and a question mark where one is missing.
    auto people = read_csv(folder + "/adult.data",
                           {.column_names = {"age", "workclass", "fnlwgt", "education", "education-num",
                                             "marital-status", "occupation", "relationship", "race", "sex",
                                             "capital-gain", "capital-loss", "hours-per-week", "country", "salary"},
                            .missing_values = {"?"},
                            .trim_spaces = true});

    // Categories are numbered and numbers brought to mean 0 and deviation 1, by what the training rows hold. Columns
    // that are not named are told apart by what they look like: leave out cat_names and cont_names to see.
    auto dls = TabularDataLoaders::from_table(
        people, {.y_names = {"salary"},
                 .cat_names = {"workclass", "education", "marital-status", "occupation", "relationship", "race", "sex",
                               "country"},
                 .cont_names = {"age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week"}});
    dls.show_batch(5);

    auto learn = tabular_learner(dls, {.layers = {200, 100}}, {.metrics = {accuracy(), roc_auc()}});
    learn.fit_one_cycle(3, 1e-2);
    std::cout << Interpretation(learn).confusion_matrix();

    // One raw row: values by the names of their columns. What is missing is filled as in training.
    const RawRow person = {{"age", 49},
                           {"workclass", "Private"},
                           {"fnlwgt", 101320},
                           {"education", "Assoc-acdm"},
                           {"education-num", std::nullopt},
                           {"marital-status", "Married-civ-spouse"},
                           {"occupation", "Exec-managerial"},
                           {"relationship", "Wife"},
                           {"race", "White"},
                           {"sex", "Female"},
                           {"capital-gain", 0},
                           {"capital-loss", 1902},
                           {"hours-per-week", 40},
                           {"country", "United-States"}};
    const Prediction answer = learn.predict(person);
    std::cout << "she earns " << answer.label << ", with a probability of " << answer.probability << "\n";

    // The file takes raw values, in Python too. A Predictor of it answers a row in microseconds, from any thread.
    learn.export_torchscript(exported);
    std::cout << "the exported file says " << Predictor::load(exported).predict(person).label << "\n";
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
