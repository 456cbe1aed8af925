#pragma once

namespace embark {

/// The method `_embark_tokens(self, text: str) -> List[str]` in TorchScript source, for torch::jit::Module::define: the
/// tokens that tokenize gives. Methods that it calls are defined with it.
extern const char* const kTextScript;

}  // namespace embark
