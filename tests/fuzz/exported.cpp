#include <embark/core/file.h>
#include <embark/learners/onnx/detail/onnx_fields.h>
#include <embark/learners/onnx/detail/protobuf_message.h>
#include <embark/learners/onnx/detail/protobuf_reader.h>
#include <embark/learners/onnx/export_onnx.h>
#include <embark/learners/onnx/onnx_file.h>
#include <embark/predictor/detail/archive_seal.h>
#include <embark/predictor/detail/export_format.h>
#include <embark/predictor/file_schema.h>
#include <embark/predictor/predictor.h>

#include "archives.h"
#include "forge.h"
#include "harness.h"
#include "mutate.h"
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

/// What a file says of itself is forged, or what its module has besides code: code of strangers may take all time that
/// there is (SECURITY.md).
std::string forged_archive(const std::string& seed, std::mt19937_64& random) {
    return testing::edited_archive(seed, [&](auto& records) {
        if (below(3, random) > 0) {
            auto& description = records.at(concat("extra/", kMetadataName));
            description = forged_json(description, random);
        } else {
            auto& values = records.at("data.pkl");
            values = mutated(values, {values}, random);
        }
    });
}

std::vector<std::string> onnx_seeds() {
    const testing::TemporaryFolder folder;
    convert_to_onnx(ExportedFile(golden("collab.pt")), folder.path() / "x.onnx");
    return {read_file(folder.path() / "x.onnx")};
}

/// What a program reads of an ONNX file without running it.
void read_onnx(std::string_view bytes) {
    const MemoryFile file(bytes);
    const auto metadata = read_onnx_metadata(file.path());
    if (const auto found = metadata.find("embark"); found != metadata.end()) file_schema(found->second);
    read_onnx_signature({file.path(), std::string(bytes)});
}

/// The graph as it is, with one forged text beside it.
std::string forged_onnx(const std::string& seed, std::mt19937_64& random) {
    using namespace onnx::model_field;
    onnx::Message model;
    onnx::MessageReader fields(seed);
    while (const auto field = fields.next()) {
        if (field->number == kGraph) model.text(kGraph, field->bytes);
    }
    auto metadata = read_onnx_metadata(MemoryFile(seed).path());
    const bool description = below(2, random) == 0;
    auto& text = description ? metadata.at("embark")
                             : std::next(metadata.begin(), static_cast<std::ptrdiff_t>(below(metadata.size(), random)))->second;
    text = forged_json(text, random);
    for (const auto& [key, value] : metadata) {
        model.message(kMetadata, onnx::Message().text(kKey, key).text(kValue, value));
    }
    return model.bytes();
}

}  // namespace

std::vector<Harness> exported_harnesses() {
    return {{"archive", archive_seeds, answer, forged_archive}, {"onnx", onnx_seeds, read_onnx, forged_onnx}};
}

}  // namespace embark::fuzz
