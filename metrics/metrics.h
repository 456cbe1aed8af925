#pragma once

/// All metrics: accuracy(), f1_score(), rmse(), …

#include "classification_metrics.h"
#include "metric.h"
#include "regression_metrics.h"
