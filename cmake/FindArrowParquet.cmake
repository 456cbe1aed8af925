# Finds Arrow C++ with compute, data sets and Parquet, and makes the imported target ArrowParquet::arrow_parquet.
#
# An Arrow with CMake configuration files of its own is preferred. Else the libraries inside a `pyarrow` wheel are
# taken, which has headers and versioned shared libraries but neither CMake files nor unversioned names; its folder is
# looked for in CMAKE_PREFIX_PATH (…/site-packages/pyarrow), or given as ARROW_WHEEL_DIR.
find_package(Arrow CONFIG QUIET)
if(Arrow_FOUND)
  find_package(Parquet CONFIG QUIET)
  find_package(ArrowDataset CONFIG QUIET)
  # Arrow 21 moved the compute kernels to a library of their own.
  find_package(ArrowCompute CONFIG QUIET)
endif()

if(Parquet_FOUND AND ArrowDataset_FOUND)
  set(ArrowParquet_LOCATION "${Arrow_DIR}")
  set(ArrowParquet_VERSION "${Arrow_VERSION}")
  if(NOT TARGET ArrowParquet::arrow_parquet)
    add_library(ArrowParquet::arrow_parquet INTERFACE IMPORTED)
    target_link_libraries(ArrowParquet::arrow_parquet INTERFACE
      ArrowDataset::arrow_dataset_shared Arrow::arrow_shared Parquet::parquet_shared
      $<TARGET_NAME_IF_EXISTS:ArrowCompute::arrow_compute_shared>)
  endif()
else()
  find_path(ARROW_WHEEL_DIR NAMES include/arrow/api.h
    DOC "The pyarrow folder of a virtual environment" PATH_SUFFIXES pyarrow)
  set(ArrowParquet_LOCATION "${ARROW_WHEEL_DIR}")
  if(ARROW_WHEEL_DIR)
    file(STRINGS "${ARROW_WHEEL_DIR}/include/arrow/util/config.h" arrow_version REGEX "ARROW_VERSION_STRING \"")
    string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" ArrowParquet_VERSION "${arrow_version}")
    foreach(component arrow arrow_compute arrow_dataset parquet)
      file(GLOB embark_candidates "${ARROW_WHEEL_DIR}/lib${component}.so.*" "${ARROW_WHEEL_DIR}/lib${component}.*.dylib")
      if(embark_candidates)
        list(GET embark_candidates 0 ArrowParquet_${component}_LIBRARY)
        if(NOT TARGET ArrowParquet::${component})
          add_library(ArrowParquet::${component} SHARED IMPORTED)
          set_target_properties(ArrowParquet::${component} PROPERTIES
            IMPORTED_LOCATION "${ArrowParquet_${component}_LIBRARY}"
            INTERFACE_INCLUDE_DIRECTORIES "${ARROW_WHEEL_DIR}/include")
        endif()
      endif()
    endforeach()
    if(ArrowParquet_arrow_LIBRARY AND ArrowParquet_arrow_dataset_LIBRARY AND ArrowParquet_parquet_LIBRARY
       AND NOT TARGET ArrowParquet::arrow_parquet)
      add_library(ArrowParquet::arrow_parquet INTERFACE IMPORTED)
      target_link_libraries(ArrowParquet::arrow_parquet INTERFACE
        ArrowParquet::arrow_dataset ArrowParquet::arrow ArrowParquet::parquet
        $<TARGET_NAME_IF_EXISTS:ArrowParquet::arrow_compute>)
    endif()
  endif()
endif()

include(FindPackageHandleStandardArgs)
if(TARGET ArrowParquet::arrow_parquet)
  set(ArrowParquet_READY TRUE)
endif()
find_package_handle_standard_args(ArrowParquet
  REQUIRED_VARS ArrowParquet_LOCATION ArrowParquet_READY VERSION_VAR ArrowParquet_VERSION
  REASON_FAILURE_MESSAGE "Run `make` in the source folder, which installs pyarrow into build/venv, or give an Arrow with data sets and Parquet through CMAKE_PREFIX_PATH.")
