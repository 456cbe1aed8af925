#pragma once

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include <embark/core/error.h>
#include <embark/data/table/table.h>

namespace embark::testing {

/// What make_table puts in besides plain rows.
struct MadeTable {
    int64_t rows = 600;
    uint32_t seed = 5;
    /// Shares of missing values, in the columns that may have some.
    double missing = 0.1;
    /// Share of categories that training has not.
    double unknown = 0;
};

/// A table of categories (city, rooms), numbers (size, age with missing ones, income very skewed) and targets that
/// follow from them: let (yes or no), grade (A, B, C) and price (above 0).
inline Table make_table(const MadeTable& options = {}) {
    std::mt19937 random(options.seed);
    std::uniform_real_distribution<double> uniform(0, 1);
    std::normal_distribution<double> normal;
    const std::vector<std::string> cities = {"Åbo", "Lima", "Oslo", "Rome"};
    std::vector<std::string> city, rooms, size, age, income, let, grade, price;
    const auto number = [](double value) { return concat(std::round(value * 1000) / 1000); };
    for (int64_t row = 0; row < options.rows; ++row) {
        const auto c = static_cast<size_t>(uniform(random) * 4);
        const int r = 1 + static_cast<int>(uniform(random) * 3);
        const double metres = 20.0 * r + 40 * uniform(random), years = 90 * uniform(random),
                     wage = std::exp(normal(random));
        const double worth = 0.5 * static_cast<double>(c) + 0.02 * metres - 0.01 * years + 0.2 * normal(random);
        const double draw = uniform(random);
        city.push_back(draw < options.missing ? "" : draw < options.missing + options.unknown ? "Kyiv" : cities[c]);
        rooms.push_back(uniform(random) < options.unknown ? "9" : std::to_string(r));
        size.push_back(number(metres));
        age.push_back(uniform(random) < options.missing ? "" : number(years));
        income.push_back(number(wage));
        let.push_back(worth + wage > 2.5 ? "yes" : "no");
        grade.push_back(worth < 1 ? "C" : worth < 2 ? "B" : "A");
        price.push_back(number(std::exp(worth)));
    }
    return Table::from_text({{"city", city},
                             {"rooms", rooms},
                             {"size", size},
                             {"age", age},
                             {"income", income},
                             {"let", let},
                             {"grade", grade},
                             {"price", price}});
}

}  // namespace embark::testing
