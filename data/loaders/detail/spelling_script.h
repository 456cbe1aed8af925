#pragma once

#include "../preprocessing.h"

namespace embark {

/// Adds the methods `_embark_spell(self, text: str, spelling: int) -> str` and `_embark_is_missing(self, text: str,
/// spelling: int) -> bool` to `file`: what spell and is_missing_value give. A Spelling is its number there.
void add_spelling_methods(ExportContext& file);

}  // namespace embark
