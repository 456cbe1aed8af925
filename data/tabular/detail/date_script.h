#pragma once

namespace embark {

/// The method `_embark_date_parts(self, text: str, format: str) -> List[float]` in TorchScript source, for
/// torch::jit::Module::define: the parts of a date in the order of kDatePartNames, as date_parts computes them; an
/// empty list where `text` is no date. Methods that it calls are defined with it.
extern const char* const kDateScript;

}  // namespace embark
