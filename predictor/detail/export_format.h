#pragma once

namespace embark {

/// The record inside an exported file that says what the file is, as JSON.
inline constexpr const char* kMetadataName = "embark.json";

/// Number of the layout of that record and of the methods; a reader refuses a higher one.
inline constexpr int kExportFormat = 1;

/// Prefix of the attributes that methods on raw values need; no name of the user's own may begin with it.
inline constexpr const char* kScriptPrefix = "_embark_";

}  // namespace embark
