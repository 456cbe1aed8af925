// Stands for the precompiled header that every target shares; see EmbarkTargets.cmake.
