#pragma once

#include <filesystem>
#include <vector>

#include "../../data/loaders/dataloaders.h"
#include "../../predictor/exported_file.h"
#include "../model.h"
#include "onnx_file.h"

namespace embark {

/// What Learner::export_onnx does, for any model: writes `model` as ONNX (opset 17, which ONNX Runtime reads from 1.15
/// on), with the preprocessing of tables and ratings inside, and returns the files that it wrote:
///
///   tables   `path`: an input for each column under its own name, string[rows,1] or double[rows,1]; the outputs
///            `prediction` and, of classes, `probabilities`, each as `TARGET.prediction` where there are several targets
///   ratings  `path`: users and items, string[rows,1], to ratings; `NAME.recommend.onnx`: `user` and `k` to the best
///            items; `NAME.similar.onnx`: `item` and `k`, where the model has factors of items; and where it knows new
///            users, `NAME.recommend_for.onnx`: `history`, items, of ratings `history_ratings`, double[n], and `k`. Of weights
///            between items (ease, item_knn) there is no `path`, which would answer single users and items
///   others   `path`: what forward does with encoded tensors, `x` (or `x1`, `x2`, …) to `output` (or `output1`, …)
///
/// All were made before the first is written. docs/deploy.md says what the files know of. Throws Error, and writes
/// nothing, where export_torchscript does, and for an operator that has no ONNX form here.
std::vector<std::filesystem::path> export_onnx(const Model& model, const DataLoaders& dls,
                                               const std::filesystem::path& path, const ExportOptions& options = {});

/// Throws Error where export_onnx would, but for what the disk has to say, and writes nothing: to be asked before a long
/// training. It may draw random numbers.
void require_onnx_form(const Model& model, const DataLoaders& dls, const ExportOptions& options = {});

/// The files that convert_to_onnx writes, in memory. Throws what it throws, but for what the disk has to say.
std::vector<OnnxBytes> onnx_files(const ExportedFile& file, const std::filesystem::path& path);

/// What export_onnx does, of a file that export_torchscript wrote, of this version or an earlier one. Throws Error besides where a
/// file of version 0.1 does not say which tensors its forward takes.
std::vector<std::filesystem::path> convert_to_onnx(const ExportedFile& file, const std::filesystem::path& path);

}  // namespace embark
