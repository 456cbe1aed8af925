#include "predictor.h"

#include <ATen/core/ivalue.h>

namespace embark {

Predictor Predictor::open(const std::filesystem::path& path, const LoadOptions& options) {
    return Predictor(make_file_kind(ExportedFile(path, options)));
}

Predictor Predictor::load(const std::filesystem::path& path, const LoadOptions& options) {
    Predictor predictor = open(path, options);
    predictor.kind_->warm_up();
    return predictor;
}

const Predictor::Info& Predictor::info() const {
    return file().info();
}

const ExportedFile& Predictor::file() const {
    return kind_->file();
}

Tensors Predictor::forward(const Tensors& inputs) const {
    return file().forward(inputs);
}

c10::IValue Predictor::call(const std::string& method, std::vector<c10::IValue> arguments) const {
    return file().call(method, std::move(arguments));
}

bool Predictor::predicts_rows() const {
    return kind_->predicts_rows();
}

std::vector<Prediction> Predictor::predict_targets(const RawRow& row) const {
    return kind_->predict_row(row);
}

Prediction Predictor::predict(const RawRow& row) const {
    auto targets = predict_targets(row);
    require(!targets.empty(), file().name(), ": its kind, ", info().kind, ", gives no prediction for a row");
    return std::move(targets.front());
}

std::vector<TargetPredictions> Predictor::predict_columns(const RawColumns& columns, EncodingCounts* counts) const {
    return kind_->predict_columns(columns, counts);
}

at::Tensor Predictor::predict(const std::vector<std::string>& users, const std::vector<std::string>& items,
                              EncodingCounts* counts) const {
    return kind_->predict_pairs(users, items, counts);
}

bool Predictor::knows_user(const std::string& user) const {
    return kind_->knows_user(user);
}

std::vector<Scored> Predictor::recommend_for(const std::vector<Scored>& ratings, int64_t k) const {
    return kind_->recommend_for(ratings, k);
}

std::vector<Scored> Predictor::recommend_for_items(const std::vector<std::string>& items, int64_t k) const {
    return kind_->recommend_for_items(items, k);
}

std::vector<Scored> Predictor::recommend(const std::string& user, int64_t k) const {
    return kind_->recommend(user, k);
}

std::vector<Scored> Predictor::similar(const std::string& item, int64_t k) const {
    return kind_->similar(item, k);
}

}  // namespace embark
