// The program of docs/tutorials/own-table.md: from a CSV file to a file that answers. It makes its own data.
#include <fstream>
#include <iostream>

#include <embark/embark.h>

using namespace embark;

/// A file such as you may have: 900 flats with their price; some sizes are missing.
void write_flats(const std::string& path) {
    std::ofstream file(path);
    file << "city,rooms,size,built,price\n";
    for (int i = 0; i < 900; ++i) {
        const int city = i % 3, rooms = 1 + i * 7 % 4, size = 25 * rooms + i * 37 % 40, built = 1950 + i * 13 % 70;
        const int price = 1000 * (2 * size * (1 + city) + built - 1900 + i * 91 % 30);
        file << (city == 0 ? "Lima" : city == 1 ? "Oslo" : "Rome") << ',' << rooms << ',';
        if (i % 17 != 0) file << size;
        file << ',' << built << ',' << price << '\n';
    }
}

int main() try {
    write_flats("flats.csv");

    set_seed(42);
    const Table flats = read_csv("flats.csv");
    std::cout << flats.rows() << " rows\n" << describe(flats, {.y_names = {"price"}}).columns << "\n";

    TabularRecipe recipe = default_recipe(flats.rows());
    recipe.data.y_names = {"price"};
    recipe.learner.metrics = {r2_score()};

    const auto dls = TabularDataLoaders::from_table(flats, recipe.data);
    auto learn = tabular_learner(dls, recipe.model, recipe.learner);
    fit_recipe(learn, recipe);

    learn.show_results(5);

    const RawRow flat = {{"city", "Oslo"}, {"rooms", 3}, {"size", 80}, {"built", 1995}};
    std::cout << "A flat in Oslo: " << learn.predict(flat).value << "\n";

    learn.export_torchscript("flats.pt");
    learn.export_onnx("flats.onnx");

    const auto model = Predictor::load("flats.pt");
    std::cout << "The file says:  " << model.predict(flat).value << "\n";

    const RawRow elsewhere = {{"city", "Bern"}, {"rooms", 3}, {"size", std::nullopt}, {"built", 1995}};
    std::cout << "A flat in Bern: " << model.predict(elsewhere).value << "\n";
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
