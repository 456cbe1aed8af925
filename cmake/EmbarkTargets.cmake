# How the project's targets are made: one static library a component, programs, all with the same flags, so that one
# precompiled header of LibTorch serves them all.
if(NOT CMAKE_CXX_STANDARD)
  set(CMAKE_CXX_STANDARD 20)
endif()
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
endif()

find_program(EMBARK_CCACHE ccache)
if(EMBARK_CCACHE AND PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The sloppiness is what ccache asks for with precompiled headers; the inode cache spares reading 700 MB of them to
  # hash for every file.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    CCACHE_INODECACHE=1 ${EMBARK_CCACHE})
endif()

# Public headers are included as <embark/…> in the tree too; a folder of links gives the checkout that name. Beside the
# links lies <embark/COMPONENT.h> for each component, which embark_component writes.
set(EMBARK_INCLUDE_DIR "${PROJECT_BINARY_DIR}/include")
file(MAKE_DIRECTORY "${EMBARK_INCLUDE_DIR}/embark")
file(CREATE_LINK "${PROJECT_SOURCE_DIR}/embark.h" "${EMBARK_INCLUDE_DIR}/embark/embark.h" SYMBOLIC)

# How many files of a component are compiled together, where that is asked for.
set(EMBARK_UNITY_SIZE 16)

# Flags of our own code alone; users of the installed package don't get them.
add_library(embark_flags INTERFACE)
# A package names no folder of the machine that it was built on: LibTorch's assertions, in our objects too, say __FILE__.
target_compile_options(embark_flags INTERFACE -Wall -Wextra $<$<BOOL:${EMBARK_WERROR}>:-Werror>
  "-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=" "-fmacro-prefix-map=${PROJECT_BINARY_DIR}/=")
if(EMBARK_UNITY_BUILD)
  # GCC takes a file that is compiled with others for a header, whose classes should have no member of an unnamed
  # namespace's type.
  target_compile_options(embark_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
if(EMBARK_SANITIZE)
  target_compile_options(embark_flags INTERFACE -fsanitize=${EMBARK_SANITIZE} -fno-sanitize-recover=undefined
    -fno-omit-frame-pointer)
  target_link_options(embark_flags INTERFACE -fsanitize=${EMBARK_SANITIZE})
endif()

# Two precompiled headers serve all targets. Instantiating what LibTorch's frontend leaves to the end of every file takes
# 4 s of a file's time, so a file that does not include <torch/torch.h> itself gets the smaller one: tensors, their
# operations and torch::nn::Module, at 2 s a file.
foreach(size torch tensors)
  add_library(embark_pch_${size} STATIC "${PROJECT_SOURCE_DIR}/cmake/pch.cpp")
  target_link_libraries(embark_pch_${size} PRIVATE embark_flags torch)
  # Without this, ccache cannot look inside and recompiles.
  target_compile_options(embark_pch_${size} PRIVATE -fpch-preprocess)
endforeach()
target_precompile_headers(embark_pch_torch PRIVATE <torch/torch.h> <nlohmann/json.hpp>)
target_precompile_headers(embark_pch_tensors PRIVATE <torch/nn/module.h> <torch/types.h> <torch/utils.h>
  <nlohmann/json.hpp>)

# Compiles `target`, whose sources and libraries are known by now, with the project's flags and the precompiled headers:
# the sources that include all of LibTorch as a target of their own, whose objects become the first one's.
function(embark_compile target)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:embark_flags>)
  # One way of addressing for libraries and programs, or the precompiled header would not fit both.
  target_compile_options(${target} PRIVATE -fpch-preprocess -fPIC)
  target_precompile_headers(${target} REUSE_FROM embark_pch_tensors)

  get_target_property(sources ${target} SOURCES)
  set(torch_sources "")
  foreach(source IN LISTS sources)
    get_filename_component(path "${source}" ABSOLUTE)
    if(EXISTS "${path}")
      file(STRINGS "${path}" found REGEX "^#include <(torch/torch|embark/embark)\\.h>" LIMIT_COUNT 1)
      if(found)
        list(APPEND torch_sources "${source}")
      endif()
    endif()
  endforeach()
  if(NOT torch_sources)
    return()
  endif()
  list(REMOVE_ITEM sources ${torch_sources})
  set_property(TARGET ${target} PROPERTY SOURCES ${sources} $<TARGET_OBJECTS:${target}_torch>)
  set_target_properties(${target} PROPERTIES LINKER_LANGUAGE CXX)  # which objects alone do not tell
  add_library(${target}_torch OBJECT EXCLUDE_FROM_ALL ${torch_sources})
  get_target_property(libraries ${target} LINK_LIBRARIES)
  target_link_libraries(${target}_torch PRIVATE ${libraries})
  foreach(property COMPILE_OPTIONS COMPILE_DEFINITIONS INCLUDE_DIRECTORIES)
    set_property(TARGET ${target}_torch APPEND PROPERTY ${property} $<TARGET_PROPERTY:${target},${property}>)
  endforeach()
  get_target_property(unity ${target} UNITY_BUILD)
  set_target_properties(${target}_torch PROPERTIES UNITY_BUILD ${unity} UNITY_BUILD_BATCH_SIZE ${EMBARK_UNITY_SIZE})
  target_precompile_headers(${target}_torch REUSE_FROM embark_pch_torch)
endfunction()

# Adds `target` to what `cmake --install` installs. The components that need LibTorch alone are exported by themselves, so
# that a program that asks for these alone needs nothing else on its machine.
set(EMBARK_PREDICTOR_TARGETS embark_core embark_predictor)
function(embark_install_target target)
  set(set EmbarkTargets)
  if(target IN_LIST EMBARK_PREDICTOR_TARGETS)
    set(set EmbarkPredictorTargets)
  endif()
  get_target_property(type ${target} TYPE)
  set(dependencies "")
  if(EMBARK_BUNDLE_LIBRARIES AND type STREQUAL EXECUTABLE)
    set(dependencies RUNTIME_DEPENDENCY_SET embark_libraries)
  endif()
  install(TARGETS ${target} EXPORT ${set} ${dependencies}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# embark_component(NAME HEADERS … SOURCES … PUBLIC …): the library of one component of the design, embark::NAME. HEADERS
# are those that users include: they are installed, and <embark/NAME.h> includes them all. PUBLIC are the libraries that
# its users need too.
function(embark_component name)
  cmake_parse_arguments(COMPONENT "" "" "HEADERS;SOURCES;PUBLIC" ${ARGN})
  set(target embark_${name})
  add_library(${target} STATIC ${COMPONENT_SOURCES})
  add_library(embark::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} UNITY_BUILD ${EMBARK_UNITY_BUILD}
    UNITY_BUILD_BATCH_SIZE ${EMBARK_UNITY_SIZE})
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${EMBARK_INCLUDE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target} PUBLIC ${COMPONENT_PUBLIC})
  embark_compile(${target})
  embark_install_target(${target})
  embark_public_headers(${name} ${COMPONENT_HEADERS})
endfunction()

# Installs a component's public headers, and makes <embark/NAME.h> of them.
function(embark_public_headers name)
  file(CREATE_LINK "${CMAKE_CURRENT_SOURCE_DIR}" "${EMBARK_INCLUDE_DIR}/embark/${name}" SYMBOLIC)
  set(content "#pragma once\n\n// All public headers of this component.\n\n")
  foreach(header IN LISTS ARGN)
    string(APPEND content "#include \"${name}/${header}\"\n")
    get_filename_component(folder ${header} DIRECTORY)
    install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/embark/${name}/${folder})
  endforeach()
  file(CONFIGURE OUTPUT "${EMBARK_INCLUDE_DIR}/embark/${name}.h" CONTENT "${content}" @ONLY)
  install(FILES "${EMBARK_INCLUDE_DIR}/embark/${name}.h" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/embark)
endfunction()

# embark_program(TARGET SOURCES … LIBRARIES …): a program in build/bin.
function(embark_program target)
  cmake_parse_arguments(PROGRAM "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${target} ${PROGRAM_SOURCES})
  target_link_libraries(${target} PRIVATE ${PROGRAM_LIBRARIES})
  # CMake compiles programs with -fPIE, which the precompiled header, made with -fPIC, does not fit.
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${target} PRIVATE -fPIC)
  embark_compile(${target})
endfunction()
