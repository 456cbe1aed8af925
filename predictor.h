#pragma once

/// Answers from a file that export_torchscript wrote, for programs that link embark::predictor alone: LibTorch, and
/// neither Arrow nor anything that trains.

#include "core/error.h"
#include "predictor/predictor.h"
