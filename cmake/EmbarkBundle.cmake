# Where installed programs find LibTorch, Arrow and the small libraries, and what of these is installed beside Embark.
#
# The virtual environment lies in the build folder, and an installed tree must not need that: what comes from there is
# installed too, in lib/embark, so that the tree can be moved as a whole. The user's own LibTorch and Arrow stay where they are.
set(embark_bundles OFF)
foreach(folder "${TORCH_INSTALL_PREFIX}" ${ARROW_WHEEL_DIR})
  cmake_path(IS_PREFIX EMBARK_VENV "${folder}" NORMALIZE embark_is_in_venv)
  if(embark_is_in_venv AND PROJECT_IS_TOP_LEVEL)
    set(embark_bundles ON)
  endif()
endforeach()
option(EMBARK_BUNDLE_LIBRARIES "Install LibTorch, Arrow and the other shared libraries with Embark" ${embark_bundles})

set(embark_bundle_dir ${CMAKE_INSTALL_LIBDIR}/embark)
if(EMBARK_BUNDLE_LIBRARIES)
  # The last two are the neighbours of a tree that is a Python package: a wheel brings neither LibTorch nor Arrow.
  set(CMAKE_INSTALL_RPATH "$ORIGIN/../${embark_bundle_dir}" "$ORIGIN/../${embark_bundle_dir}/torch/lib"
    "$ORIGIN/../${embark_bundle_dir}/pyarrow" "$ORIGIN/../../torch/lib" "$ORIGIN/../../pyarrow")
else()
  set(CMAKE_INSTALL_RPATH "${TORCH_INSTALL_PREFIX}/lib" ${ARROW_WHEEL_DIR})
endif()
# A program's list in the build folder would be filled up to the length of the installed one's by empty entries, which
# name the folder that the program is started in.
set(CMAKE_BUILD_RPATH ${CMAKE_INSTALL_RPATH})

# Installs the shared libraries that installed programs need, with their licences. The component `dependencies` is what a
# wheel leaves to pip; `libraries` is the rest.
function(embark_install_libraries)
  # Of LibTorch's package, what is for Python or for its own tests stays away.
  install(DIRECTORY "${TORCH_INSTALL_PREFIX}/lib" "${TORCH_INSTALL_PREFIX}/include" "${TORCH_INSTALL_PREFIX}/share"
    DESTINATION ${embark_bundle_dir}/torch COMPONENT dependencies USE_SOURCE_PERMISSIONS
    PATTERN "*.py" EXCLUDE PATTERN "libtorch_python*" EXCLUDE PATTERN "*_test.so" EXCLUDE PATTERN "libshm*" EXCLUDE
    PATTERN "libbackend_with_compiler*" EXCLUDE PATTERN "libaoti_custom_ops*" EXCLUDE)
  file(GLOB licences "${TORCH_INSTALL_PREFIX}-*.dist-info/licenses/*" "${TORCH_INSTALL_PREFIX}/LICENSE")
  embark_install_licences(torch ${licences})
  if(ARROW_WHEEL_DIR)
    foreach(name arrow arrow_compute arrow_acero arrow_dataset parquet)
      file(GLOB library "${ARROW_WHEEL_DIR}/lib${name}.so.*[0-9]")
      install(FILES ${library} DESTINATION ${embark_bundle_dir}/pyarrow COMPONENT dependencies)
    endforeach()
    install(DIRECTORY "${ARROW_WHEEL_DIR}/include/arrow" "${ARROW_WHEEL_DIR}/include/parquet"
      DESTINATION ${embark_bundle_dir}/pyarrow/include COMPONENT dependencies)
    file(GLOB licences "${ARROW_WHEEL_DIR}-*.dist-info/licenses/*")
    embark_install_licences(arrow ${licences})
  endif()
  if(NOT TARGET embark_program)
    return()
  endif()
  # libpng, libjpeg and Boost's; the runtimes of C and C++ and zlib are on every machine.
  install(RUNTIME_DEPENDENCY_SET embark_libraries
    PRE_EXCLUDE_REGEXES "^ld-linux" "^lib(c|m|dl|rt|pthread|gcc_s|stdc\\+\\+|z|gomp)\\.so" "^lib(c10|torch|arrow|parquet)"
    LIBRARY DESTINATION ${embark_bundle_dir} COMPONENT libraries)
  foreach(package libjpeg62-turbo-dev libpng-dev)
    install(FILES /usr/share/doc/${package}/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR}/licences RENAME ${package}.txt
      COMPONENT libraries OPTIONAL)
  endforeach()
endfunction()

# Installs the texts of a dependency's licences: files, and folders of them.
function(embark_install_licences name)
  foreach(path IN LISTS ARGN)
    if(IS_DIRECTORY "${path}")
      install(DIRECTORY "${path}" DESTINATION ${CMAKE_INSTALL_DOCDIR}/licences/${name} COMPONENT dependencies)
    else()
      install(FILES "${path}" DESTINATION ${CMAKE_INSTALL_DOCDIR}/licences/${name} COMPONENT dependencies)
    endif()
  endforeach()
endfunction()
