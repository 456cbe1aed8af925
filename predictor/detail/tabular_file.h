#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include <nlohmann/json.hpp>

#include "../file_kind.h"

namespace embark {

/// Answers files of tables: it encodes by what was fitted, as the file describes it, and calls the model.
class TabularFile : public FileKind {
public:
    explicit TabularFile(ExportedFile file);
    ~TabularFile() override;

    void warm_up() const override;
    bool predicts_rows() const override { return true; }
    std::vector<Prediction> predict_row(const RawRow& row) const override;
    std::vector<TargetPredictions> predict_columns(const RawColumns& columns, EncodingCounts* counts) const override;
    const TabularEncoder& encoder() const override { return encoder_; }
    std::vector<TargetPredictions> predict_encoded(const Tensors& inputs) const override;

private:
    class Rows;
    const Rows& rows() const;
    /// Throws Error unless the model takes what the description says and gives what the targets need.
    void check_model() const;

    TabularEncoder encoder_;
    /// What row_network_json said of the model; null where it had nothing to say.
    nlohmann::json network_;
    mutable std::once_flag model_is_checked_;
    /// Made when it is first asked for.
    mutable std::once_flag rows_are_ready_;
    mutable std::unique_ptr<const Rows> rows_;
};

}  // namespace embark
