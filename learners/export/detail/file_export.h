#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include <torch/csrc/jit/api/module.h>
#include <nlohmann/json.hpp>

#include "../../../data/loaders/preprocessing.h"

namespace embark {

/// A traced model, to which a kind of data adds what it needs.
class FileExport : public ExportContext {
public:
    /// Of a module whose forward takes `example`.
    FileExport(torch::jit::Module module, Tensors example, const ExportOptions& options);

    const ExportOptions& options() const override { return options_; }
    const Tensors& example() const override { return example_; }
    Tensors forward(const Tensors& inputs) const override;
    std::vector<std::pair<std::string, at::Tensor>> parameters() const override;
    bool is_free(const std::string& name) const override;
    void require_free(const std::string& name) const override;
    void attribute(const std::string& name, const c10::IValue& value) override;
    void define(const std::string& source) override;
    void describe(const FileDescription& description) override;

    const torch::jit::Module& module() const { return module_; }
    /// What was described: of "tensors", where nothing was.
    const nlohmann::json& description() const { return description_; }

private:
    /// Throws Error unless nothing in the file is called `name`.
    void require_new(const std::string& name) const;

    torch::jit::Module module_;
    /// The attributes that were added.
    std::set<std::string> added_;
    Tensors example_;
    const ExportOptions& options_;
    nlohmann::json description_ = {{"kind", "tensors"}};
};

}  // namespace embark
