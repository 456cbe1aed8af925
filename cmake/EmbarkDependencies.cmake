# LibTorch, Arrow with Parquet, what reads pictures, and the header libraries. CMAKE_PREFIX_PATH (or Torch_DIR, Arrow_DIR) says where the
# user's own are; without it, those of the project's virtual environment are taken, where `make` has laid one.
set(EMBARK_VENV "${PROJECT_SOURCE_DIR}/build/venv" CACHE PATH "Virtual environment with torch and pyarrow")
file(GLOB embark_site_packages "${EMBARK_VENV}/lib/python3*/site-packages")
if(embark_site_packages)
  list(APPEND CMAKE_PREFIX_PATH "${embark_site_packages}/torch" "${embark_site_packages}/pyarrow")
endif()

# A project that Embark is a part of (add_subdirectory) links what Embark's targets need, from a folder of its own.
if(NOT PROJECT_IS_TOP_LEVEL)
  set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
endif()

# PyTorch's own CMake files print notes and warnings that are none of a user's business.
set(embark_log_level "${CMAKE_MESSAGE_LOG_LEVEL}")
if(NOT embark_log_level)
  set(CMAKE_MESSAGE_LOG_LEVEL ERROR)
endif()
find_package(Torch QUIET)
set(CMAKE_MESSAGE_LOG_LEVEL "${embark_log_level}")
if(NOT Torch_FOUND)
  message(FATAL_ERROR
    "LibTorch was not found. Run `make` in the source folder, which installs torch into build/venv, or give your own: "
    "-DCMAKE_PREFIX_PATH=/path/to/libtorch")
endif()
message(STATUS "LibTorch ${Torch_VERSION}: ${TORCH_INSTALL_PREFIX}")

if(NOT EMBARK_PREDICTOR_ONLY)
  find_package(ArrowParquet REQUIRED)
  find_package(Threads REQUIRED)
  find_package(PNG REQUIRED)
  find_package(JPEG REQUIRED)
endif()
