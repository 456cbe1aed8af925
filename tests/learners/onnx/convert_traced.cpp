// Converts the forward of a module that Python's torch.jit.trace saved: convert_traced MODULE.pt OUT.onnx INPUT …, where
// INPUT is the type and the sizes of one row of an input, float32:4,3, or int64<7:4 for numbers below 7.
// tests/learners/onnx_operators.py calls it.
#include <cstdlib>
#include <iostream>
#include <string>

#include <torch/script.h>

#include <embark/core/error.h>
#include <embark/core/file.h>
#include <embark/core/text.h>
#include <embark/learners/onnx/detail/forward_graph.h>
#include <embark/learners/onnx/detail/graph.h>

namespace {

using namespace embark;

at::ScalarType type_named(const std::string& name) {
    if (name == "float32") return at::kFloat;
    if (name == "float64") return at::kDouble;
    if (name == "int64") return at::kLong;
    if (name == "int32") return at::kInt;
    if (name == "bool") return at::kBool;
    fail<UsageError>("Unknown type ", name);
}

/// Two rows of an input.
at::Tensor example_of(const std::string& word) {
    const size_t colon = word.find(':');
    const std::string type = word.substr(0, std::min(colon, word.find('<')));
    std::vector<int64_t> sizes = {2};
    for (size_t begin = colon + 1; colon != word.npos && begin < word.size();) {
        const size_t end = std::min(word.find(',', begin), word.size());
        sizes.push_back(parse_int(word.substr(begin, end - begin)).value());
        begin = end + 1;
    }
    return at::zeros(sizes, type_named(type));
}

void convert(const std::string& module, const std::string& out, const std::vector<std::string>& words) {
    onnx::Graph graph;
    onnx::Names names;
    Tensors example;
    for (const std::string& word : words) {
        example.push_back(example_of(word));
        onnx::Dims dims = {"rows"};
        for (const int64_t size : example.back().sizes().slice(1)) dims.push_back(std::to_string(size));
        names.push_back(graph.input(concat("x", names.size() + 1), onnx::type_of(example.back().scalar_type()), dims));
    }
    const auto outputs = onnx::add_forward(graph, torch::jit::load(module), names, example);
    for (size_t i = 0; i < outputs.size(); ++i) {
        graph.output(concat("output", i + 1), outputs[i].name, outputs[i].type, outputs[i].dims);
    }
    write_file_atomically(out, {graph.model("forward", {})});
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc < 4) {
        std::cerr << "Usage: convert_traced MODULE.pt OUT.onnx INPUT ...\n";
        return 2;
    }
    convert(argv[1], argv[2], {argv + 3, argv + argc});
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
