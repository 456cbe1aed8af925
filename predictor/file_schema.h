#pragma once

#include <string>

#include "tabular_encoder.h"

namespace embark {

/// What an exported file takes and gives, as JSON for a reader who has the file alone: of its description (see
/// FileInfo::description) "kind", "model", "version", "training" and "metadata", and
///
///   "inputs"   a list of {"name", "kind"}, and by kind, of a category {"categories", "spelling"}, of a number {"fill"},
///              of a date {"format", "time"}, of a text {"max_len"}, of an id {"count"}, of a tensor {"type", "shape"},
///              its sizes without the rows, of a free one its name
///   "outputs"  a list of {"name", "kind"}: "class" or "labels" with {"classes"}, "value", or "tensor"
///
/// The same text is what the method `schema()` of a TorchScript file gives, and the entry "schema" of an ONNX file's
/// metadata. Throws Error where the description is none that Embark writes.
std::string file_schema(const std::string& description);

/// What makes a model's inputs of raw rows, from the description of a file of tables, TorchScript or ONNX. Throws Error
/// where it is not one.
TabularEncoder file_encoder(const std::string& description);

}  // namespace embark
