#include <iostream>

#include <embark/predictor.h>

/// What a service does that has an exported file: it links embark::predictor alone.
int main(int, char** arguments) {
    try {
        const auto predictor = embark::Predictor::load(arguments[1]);
        for (const auto& [name, score] : predictor.recommend("196", 1)) std::cout << "196 may like " << name << "\n";
        std::cout << "nobody gives " << predictor.predict({"nobody"}, {"Alien (1979)"}).numel() << " rating\n";
        predictor.predict({{"age", 39}});
    } catch (const std::exception& error) {
        std::cout << error.what() << "\n";
    }
}
