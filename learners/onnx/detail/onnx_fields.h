#pragma once

// Numbers of fields in onnx.proto (github.com/onnx/onnx/blob/main/onnx/onnx.proto), by message.
namespace embark::onnx {

namespace attribute_field {
inline constexpr int kName = 1, kFloat = 2, kInt = 3, kText = 4, kFloats = 7, kInts = 8, kTexts = 9, kType = 20;
}
namespace node_field {
inline constexpr int kInput = 1, kOutput = 2, kName = 3, kType = 4, kAttribute = 5, kDomain = 7;
}
namespace tensor_field {
inline constexpr int kDims = 1, kType = 2, kTexts = 6, kName = 8, kBytes = 9;
}
namespace value_field {
inline constexpr int kName = 1, kType = 2, kDoc = 3, kTensorType = 1, kElementType = 1, kShape = 2, kDim = 1,
                     kDimValue = 1, kDimName = 2;
}
namespace graph_field {
inline constexpr int kNode = 1, kName = 2, kConstant = 5, kInput = 11, kOutput = 12;
}
namespace model_field {
inline constexpr int kIrVersion = 1, kProducer = 2, kProducerVersion = 3, kDoc = 6, kGraph = 7, kOpsetImport = 8,
                     kMetadata = 14, kOpsetDomain = 1, kOpsetVersion = 2, kKey = 1, kValue = 2;
}

}  // namespace embark::onnx
