#pragma once

namespace embark {

/// The record inside an exported file that says what the file is, as JSON.
inline constexpr const char* kMetadataName = "embark.json";

/// Number of the layout of that record and of the methods; a reader refuses a higher one.
inline constexpr int kExportFormat = 1;

/// Prefix of the attributes that methods on raw values need; no name of the user's own may begin with it.
inline constexpr const char* kScriptPrefix = "_embark_";

/// The traced forward, which `forward` calls for inputs of shapes that fit. Files up to version 0.1 have `forward` alone.
inline constexpr const char* kTracedForward = "_embark_forward";

}  // namespace embark
