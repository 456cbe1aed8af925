# A LibTorch of a version that Embark was not built with.
set(TORCH_INSTALL_PREFIX "${CMAKE_CURRENT_LIST_DIR}")
add_library(torch INTERFACE IMPORTED)
