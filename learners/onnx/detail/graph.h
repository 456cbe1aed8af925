#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <ATen/core/Tensor.h>

#include "protobuf_message.h"

namespace embark::onnx {

/// Element types, by their numbers in onnx.proto.
enum class Type : int64_t {
    float32 = 1,
    uint8 = 2,
    int8 = 3,
    int16 = 5,
    int32 = 6,
    int64 = 7,
    string = 8,
    boolean = 9,
    float16 = 10,
    float64 = 11,
};

/// Throws Error for a type that ONNX does not have, such as complex numbers.
Type type_of(at::ScalarType type);

/// A value of the graph is known by its name.
using Names = std::vector<std::string>;

/// An attribute of a node: `{"axis", int64_t{1}}`. A number is written as float32, the only one that attributes have.
struct Attribute {
    std::string name;
    std::variant<int64_t, double, std::string, std::vector<int64_t>, std::vector<double>, std::vector<std::string>>
        value;
};
using Attributes = std::vector<Attribute>;

/// Sizes of an input or output: "rows" for one that is free, "3" for a fixed one.
using Dims = std::vector<std::string>;

/// Operators of classical models, as LabelEncoder, and those of ONNX Runtime's own.
inline constexpr const char* kMlDomain = "ai.onnx.ml";
inline constexpr const char* kRuntimeDomain = "com.microsoft";

/// An ONNX model while it is made: nodes in the order in which they run, constants, inputs and outputs. Written for
/// opset 17 with version 2 of ai.onnx.ml, which ONNX Runtime reads from 1.15 on.
class Graph {
public:
    /// Adds a node and returns the name of its only output.
    std::string node(const std::string& type, const Names& inputs, const Attributes& attributes = {},
                     const std::string& domain = "");
    /// Adds a node with several outputs. An empty name among `inputs` is an optional input that is not given.
    Names nodes(const std::string& type, const Names& inputs, size_t n_outputs, const Attributes& attributes = {},
                const std::string& domain = "");

    /// A constant, with the tensor's shape and type. `hint` says in the file what it is, as "layers.0.weight".
    /// The same tensor, or a small one of the same content, is stored once.
    std::string constant(const at::Tensor& value, const std::string& hint = "c");
    /// Scalars: int64 and float64; 1-d: int64 and texts.
    std::string integer(int64_t value);
    std::string number(double value);
    std::string integers(const std::vector<int64_t>& values);
    std::string texts(const std::vector<std::string>& values, const std::string& hint = "texts");

    std::string cast(const std::string& value, Type type);

    /// Declares an input, and returns its name. Throws Error where an input or output of that name is there.
    std::string input(const std::string& name, Type type, const Dims& dims, const std::string& doc = "");
    /// Gives `value` out as `name`. Throws Error where an input or output of that name is there.
    void output(const std::string& name, const std::string& value, Type type, const Dims& dims,
                const std::string& doc = "");

    /// The file's bytes. `name` is the graph's. Throws Error where they are more than protobuf's 2 GB.
    std::string model(const std::string& name, const std::map<std::string, std::string>& metadata,
                      const std::string& doc = "") const;

private:
    std::string fresh(const std::string& hint);
    void declare(int field, const std::string& name, Type type, const Dims& dims, const std::string& doc);
    std::string add_constant(const Message& tensor, const std::string& hint);
    /// Writes the constant of this name where it is one that no node has used before.
    void write_constant(const std::string& name);

    Message graph_;
    /// Constants that no node uses yet, which may stay so where their values were computed with before.
    std::map<std::string, Message> unused_;
    /// Names of inputs and outputs; domains besides ONNX's own.
    std::set<std::string> public_names_, domains_;
    /// How many values each hint has named.
    std::map<std::string, int64_t> n_named_;
    /// Constants by type, shape and content of small ones, by identity of the others.
    std::map<std::string, std::string> constants_;
    /// Keeps tensors whose identity is remembered.
    std::vector<at::Tensor> kept_;
};

}  // namespace embark::onnx
