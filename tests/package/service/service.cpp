#include <iostream>

#include <ATen/core/ivalue.h>

#include <embark/predictor.h>

/// What a service does that has an exported file: it links embark::predictor alone.
int main(int, char** arguments) {
    try {
        const auto predictor = embark::Predictor::load(arguments[1]);
        for (const auto& [name, score] : predictor.recommend("196", 1)) std::cout << "196 may like " << name << "\n";
        std::cout << "nobody gives " << predictor.predict({"nobody"}, {"Alien (1979)"}).numel() << " rating\n";
        // A file of a kind that only the program that wrote it knows.
        const auto reviews = embark::Predictor::load(arguments[2]);
        const c10::List<std::string> texts({"a wonderful story", "what a dull film"});
        const auto answer = reviews.call("predict", {texts});
        const auto& labels = answer.toTupleRef().elements()[0].toListRef();
        std::cout << reviews.info().kind << ": " << labels[0].toStringRef() << ", " << labels[1].toStringRef() << "\n";
        reviews.predict({{"age", 39}});
    } catch (const std::exception& error) {
        std::cout << error.what() << "\n";
    }
}
