#include <embark/core/file.h>
#include <embark/learners/onnx/export_onnx.h>
#include <embark/learners/onnx/onnx_file.h>
#include <embark/predictor/detail/archive_seal.h>
#include <embark/predictor/file_schema.h>
#include <embark/predictor/predictor.h>

#include "harness.h"
#include "test_files.h"

namespace embark::fuzz {

namespace {

namespace fs = std::filesystem;

fs::path golden(const std::string& name) {
    return fs::path(EMBARK_SOURCE_DIR) / "tests" / "golden" / "0.1" / name;
}

/// Without the checksum at their end, which stands in the ZIP's comment.
std::vector<std::string> archive_seeds() {
    std::vector<std::string> seeds;
    for (const char* name : {"collab.pt", "tabular.pt", "tensors.pt"}) {
        std::string archive = read_file(golden(name));
        archive.resize(archive.rfind("embark-crc32="));
        archive[archive.size() - 2] = 0;
        seeds.push_back(std::move(archive));
    }
    return seeds;
}

/// Loads a file as one of somebody not trusted, and asks it what a program would.
void answer(std::string_view bytes) {
    const MemoryFile file(seal_archive(std::string(bytes)));
    const auto predictor = Predictor::load(file.path(), {.trusted = false});
    file_schema(predictor.info().description);
    if (predictor.predicts_rows()) {
        RawColumns columns;
        for (const auto& name : predictor.info().inputs) columns[name] = {RawValue("1"), RawValue("2")};
        predictor.predict_columns(columns);
        RawRow row;
        for (const auto& [name, values] : columns) row[name] = values[0];
        predictor.predict_targets(row);
    } else if (predictor.info().kind == "collab") {
        predictor.predict({"1"}, {"x"});
        predictor.recommend("1", 3);
    }
}

std::vector<std::string> onnx_seeds() {
    const testing::TemporaryFolder folder;
    convert_to_onnx(ExportedFile(golden("collab.pt")), folder.path() / "x.onnx");
    return {read_file(folder.path() / "x.onnx")};
}

}  // namespace

std::vector<Harness> exported_harnesses() {
    return {{"archive", archive_seeds, answer}, {"onnx", onnx_seeds, [](std::string_view bytes) {
                                                     const auto metadata = read_onnx_metadata(MemoryFile(bytes).path());
                                                     if (const auto found = metadata.find("embark");
                                                         found != metadata.end())
                                                         file_schema(found->second);
                                                 }}};
}

}  // namespace embark::fuzz
