#define EMBARK_RMS_LOOPS kExactRmsLoops
#include "rms_loops.inc"
