#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../core/tensors.h"

namespace c10 {
struct IValue;
}
namespace torch::jit {
struct Module;
}

namespace embark {

/// What an exported file says of itself.
struct FileInfo {
    /// The kind of data that the model was trained on: "collab", "tabular", one of a program's own, or "tensors" where
    /// only `forward` on encoded tensors is there.
    std::string kind = {};
    /// Version of Embark that wrote it.
    std::string version = {};
    /// The module's class, "DotProductBias".
    std::string model = {};
    /// Names of the raw inputs, "user" and "title"; empty for "tensors".
    std::vector<std::string> inputs = {}, outputs = {};  ///< what is predicted, "rating"; empty for "tensors"
    /// Signatures of the methods that the file has, as TorchScript writes them.
    std::vector<std::string> methods = {};
    /// Entries of each vocabulary, `#na#` included.
    std::map<std::string, int64_t> vocabulary_sizes = {};
    /// Shape of each parameter and buffer of the model, by name.
    std::vector<std::pair<std::string, std::vector<int64_t>>> parameters = {};
    /// The whole record that the file carries about itself, as JSON: all of the above but methods and parameters, and
    /// under "preprocessing" what the kind of data had to say (see FileDescription in data/loaders/preprocessing.h).
    std::string description = {};
};

/// Settings of reading exported files.
struct LoadOptions {
    /// Whether you know who made the file. Its methods are programs, which LibTorch runs: TorchScript can write files.
    /// Where this is false, a file whose code does more than compute with tensors, numbers and texts, by the operators
    /// that models are made of, is refused. How long it runs, and how much memory it takes, nobody can tell. Whatever
    /// this is, a file that would run code while it is loaded, or that says of its tensors what is not so, is refused.
    bool trusted = true;
};

/// A file that export_torchscript wrote, of whatever kind. A shared handle; it may be called from several threads.
class ExportedFile {
public:
    /// Throws Error where `path` is no TorchScript file, is damaged, was not written by Embark, or by a version whose
    /// format is a later one.
    explicit ExportedFile(const std::filesystem::path& path, const LoadOptions& options = {});
    /// The same of a file's bytes; `name` is what messages call it.
    static ExportedFile from_archive(std::string archive, std::string name, const LoadOptions& options = {});

    /// Its path, for messages.
    const std::string& name() const;
    /// What the file says of itself.
    const FileInfo& info() const;

    /// Whether the file has a method of that name, which call() can be asked for.
    bool has_method(const std::string& method) const;
    /// What a method of the file answers: `call("predict", {c10::List<std::string>(texts)})`. Throws Error, with the
    /// names that there are, for a method that it does not have, and with what LibTorch says where the method fails.
    c10::IValue call(const std::string& method, std::vector<c10::IValue> arguments) const;
    /// A value that the kind of data put into the file by ExportContext::attribute. Throws Error where it is missing.
    c10::IValue attribute(const std::string& name) const;

    /// The model's outputs for encoded tensors.
    Tensors forward(const Tensors& inputs) const;

    /// The TorchScript module, in eval mode on the CPU.
    const torch::jit::Module& module() const;

private:
    ExportedFile(std::string archive, std::string name, const LoadOptions& options);

    struct Impl;
    std::shared_ptr<const Impl> impl_;
};

}  // namespace embark
