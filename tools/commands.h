#pragma once

#include "command_line.h"

namespace embark::tools {

/// The commands of the embark program: each takes the words after its name and returns the program's exit code. Errors
/// are thrown.
int train_collab(const Arguments& arguments);
/// train_collab with --implicit.
int train_ranking(const Arguments& arguments);
int train_tabular(const Arguments& arguments);
int describe(const Arguments& arguments);
int predict(const Arguments& arguments);
int recommend(const Arguments& arguments);
int similar(const Arguments& arguments);
/// recommend with --users.
int recommend_all(const Arguments& arguments);
int evaluate(const Arguments& arguments);
int inspect(const Arguments& arguments);
int convert(const Arguments& arguments);
int check(const Arguments& arguments);

}  // namespace embark::tools
