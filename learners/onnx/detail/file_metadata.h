#pragma once

#include <map>
#include <string>

#include "../../../predictor/exported_file.h"

namespace embark::onnx {

/// What an ONNX file says of itself, for readers that have it alone:
///   embark             the whole description that Embark's own file carries
///   schema             what it takes and gives, as JSON: see predictor/file_schema.h
///   columns            the schema's inputs, a JSON list
///   classes            a JSON object: the names of the classes of each target that has some
///   vocabulary.COLUMN  a JSON list of the tokens of a text by their numbers; 0 is padding and 1 any unknown one. Files of
///                      ratings have it of their ids, 0 being any unknown one, and spelling.COLUMN how ids are spelled
/// and ExportOptions::metadata, each under its own name where that is not one of these.
std::map<std::string, std::string> file_metadata(const FileInfo& info);

}  // namespace embark::onnx
