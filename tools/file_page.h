#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace embark::tools {

/// A page of HTML, in one file, that says what `embark inspect --json` says of the exported file `path`: inputs,
/// outputs, what was recorded in training, and an example of a call in Python and C++.
std::string file_page(const std::string& path, const nlohmann::json& contents);

/// The part of it that has the examples.
std::string call_examples(const std::string& path, const nlohmann::json& contents);

}  // namespace embark::tools
