#pragma once

#include "../lr_find.h"

namespace embark {

class Learner;

/// The run of lr_find: a fit with a rising learning rate. It changes the learner; Learner::lr_find gives it back as it
/// was.
LrFind run_lr_find(Learner& learner, const LrFindOptions& options);

}  // namespace embark
