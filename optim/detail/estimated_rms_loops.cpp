#define EMBARK_RMS_LOOPS kEstimatedRmsLoops
#include "rms_loops.inc"
