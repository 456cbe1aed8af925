#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include <ATen/core/Tensor.h>

namespace embark {

/// The bytes of a file's storage by its key, as torch.save numbers them.
using ReadStorage = std::function<std::string(const std::string& key)>;

/// The tensors by name in the pickle that Python's torch.save writes of a state_dict; `entry`: of a dictionary that has
/// the state_dict under that name. A pickle is a program that may call any function of Python. Here a dictionary, an
/// OrderedDict and PyTorch's rebuilding of tensors are known, nothing is called, and anything else is an Error, as is
/// a tensor that does not lie within its storage.
std::map<std::string, at::Tensor> read_weights_pickle(std::string_view pickle, const ReadStorage& read_storage,
                                                      const std::string& entry);

}  // namespace embark
