#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "../../core/tensors.h"
#include "../../predictor/vocabulary.h"
#include "../table/table.h"
#include "batch.h"

namespace c10 {
struct IValue;
}

namespace embark {

/// Settings of export_torchscript and export_onnx.
struct ExportOptions {
    /// Collab: store in the file what each user rated, so that `recommend` leaves it out.
    bool include_rated = true;
    /// Collab, a module of the user's own: the name of the item embedding's weight, for `similar`; empty:
    /// `item_factors.weight` or `embeds.1.weight` where there is one, else the one 2-d parameter with a row for each
    /// item and more than one column. Where several fit, the file has no `similar`.
    std::string item_factors = {};
    /// Dimensions of the encoded inputs that may be of any size in the file, by input, both counted from 0:
    /// `{.dynamic_dims = {{0, {1}}}}` for texts (n, length). The rows, dimension 0, always may. The file refuses inputs
    /// whose other dimensions are not those of the training batches. Dimensions that are equal in the training batches,
    /// and that the module does not take apart, must be equal in every call. An export is refused where the module does
    /// not do the same for all sizes, as one that loops over a length.
    std::map<size_t, std::vector<int64_t>> dynamic_dims = {};
    /// What else the file is to say of itself, by name: {{"trained on", "2024's orders"}}.
    std::map<std::string, std::string> metadata = {};
};

/// What a kind of data tells in an exported file's description, for those who read it: see FileInfo.
struct FileDescription {
    /// The name of the kind, "reviews": by it a Predictor knows how to answer (register_file_kind). "tensors", "collab"
    /// and "tabular" are Embark's own.
    std::string kind = {};
    /// Names of the raw inputs.
    std::vector<std::string> inputs = {}, outputs = {};  ///< names of what is predicted
    /// Entries of each vocabulary, by the name of its input.
    std::map<std::string, int64_t> vocabulary_sizes = {};
    /// Anything else that a reader needs, as JSON; empty: nothing.
    std::string preprocessing = {};
};

/// An exported file while it is made, as Preprocessing::export_to sees it. It holds the traced model, on the CPU and in
/// eval mode, and its method `forward` already. What is added must have names that the model does not use for tensors
/// and submodules; Embark's own begin with `_embark_`.
class ExportContext {
public:
    virtual ~ExportContext();

    /// What export_torchscript was called with.
    virtual const ExportOptions& options() const = 0;
    /// The encoded inputs of one training batch, on the CPU.
    virtual const Tensors& example() const = 0;
    /// What the file's forward gives for encoded inputs.
    virtual Tensors forward(const Tensors& inputs) const = 0;
    /// Name and value of each parameter of the model.
    virtual std::vector<std::pair<std::string, at::Tensor>> parameters() const = 0;

    /// Whether neither the model nor the file has anything called `name`.
    virtual bool is_free(const std::string& name) const = 0;
    /// Throws Error where the model has a tensor or submodule called `name`.
    virtual void require_free(const std::string& name) const = 0;
    /// Stores a value, which methods read as `self.NAME`: a number, a text, or a list, dictionary or tuple of such and
    /// of tensors, as `c10::List<std::string>`, `c10::Dict<std::string, int64_t>`, …. (A tensor by itself would be
    /// listed among the model's own.) Throws Error for a name that is taken or that TorchScript cannot read, and for
    /// what no file can hold.
    virtual void attribute(const std::string& name, const c10::IValue& value) = 0;
    /// Adds methods, in TorchScript: `def predict(self, texts: List[str]) -> Tensor: …`, one or more, each beginning at
    /// the start of its line, and calling only what was defined with it or before it. Throws Error with what the
    /// compiler says, and for a name that is taken.
    virtual void define(const std::string& source) = 0;
    /// What the file says of itself; the last call counts. Throws Error where `preprocessing` is not JSON.
    virtual void describe(const FileDescription& description) = 0;
};

/// What was fitted on the training rows to turn raw values into tensors, and back. Saved with the model, applied alike
/// in training, prediction and the exported file. A kind of data (collab, tabular, one of a program's own) derives its
/// own; only decode must be there.
class Preprocessing {
public:
    virtual ~Preprocessing();

    /// Vocabulary of each categorical column, by column name.
    virtual std::map<std::string, Vocabulary> classes() const { return {}; }

    /// The names of the classes that target `target` has, in their order; empty where it is a value.
    virtual std::vector<std::string> target_classes(size_t /*target*/) const { return {}; }

    /// What brings values of target `target`, as the model learns them, to the target's own units, in float64; empty
    /// where they are learned in these, or there is no such target. Metrics of the target are computed on what it
    /// gives.
    virtual std::function<at::Tensor(const at::Tensor&)> target_decoder(size_t /*target*/) const { return {}; }

    /// `batch` as its raw values, one row a sample.
    virtual Table decode(const Batch& batch) const = 0;

    /// `table`, as decode gave it, with columns for a model's decoded outputs, one tensor an output and at least one:
    /// by default the first as the column `prediction` (several where a row has several values).
    virtual Table with_predictions(Table table, const Tensors& predictions) const;

    /// Adds to an exported file what answers raw values: first the attributes that its methods need, then the methods,
    /// and the description, whose kind and content say to a reader how the file is to be asked. A model need not fit
    /// these data (it may give other outputs): then nothing is added, and the file has `forward` alone, as by default.
    ///
    /// The file is read back in three ways: `torch.jit.load` in Python or C++ calls the methods; a Predictor calls them
    /// by Predictor::call, whatever the kind; and a program that registers the kind (register_file_kind) has Predictor
    /// answer rows by a FileKind of its own.
    virtual void export_to(ExportContext& file) const;

    /// All that was fitted and decides what inputs and outputs mean, as a JSON object; two of one kind of data with the
    /// same text encode alike, so that models trained on them can form an ensemble. Empty, as by default: an ensemble
    /// needs members on the same DataLoaders.
    virtual std::string fitted() const { return {}; }
};

}  // namespace embark
