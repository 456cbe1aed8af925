# `cmake --install`: what the components don't install themselves, and the files that find_package(Embark CONFIG) reads.
include(CMakePackageConfigHelpers)

set(embark_config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Embark)
install(EXPORT EmbarkPredictorTargets NAMESPACE embark:: DESTINATION ${embark_config_dir})
if(NOT EMBARK_PREDICTOR_ONLY)
  install(FILES embark.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/embark)
  include(EmbarkMovedHeaders)
  install(EXPORT EmbarkTargets NAMESPACE embark:: DESTINATION ${embark_config_dir})
  install(FILES cmake/FindArrowParquet.cmake DESTINATION ${embark_config_dir})
endif()
# Where find_package(Embark) looks for LibTorch and Arrow: installed with Embark, or its neighbours in Python's
# site-packages, or where they were when Embark was built.
set(EMBARK_DEPENDENCIES "${TORCH_INSTALL_PREFIX}" ${ARROW_WHEEL_DIR})
if(EMBARK_BUNDLE_LIBRARIES)
  set(EMBARK_DEPENDENCIES "\${PACKAGE_PREFIX_DIR}/${embark_bundle_dir}/torch" "\${PACKAGE_PREFIX_DIR}/${embark_bundle_dir}/pyarrow"
    "\${PACKAGE_PREFIX_DIR}/../torch" "\${PACKAGE_PREFIX_DIR}/../pyarrow")
endif()
string(REGEX MATCH "^[0-9]+\\.[0-9]+" EMBARK_TORCH_SERIES "${Torch_VERSION}")
configure_package_config_file(cmake/EmbarkConfig.cmake.in "${PROJECT_BINARY_DIR}/EmbarkConfig.cmake"
  INSTALL_DESTINATION ${embark_config_dir})
write_basic_package_version_file("${PROJECT_BINARY_DIR}/EmbarkConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/EmbarkConfig.cmake" "${PROJECT_BINARY_DIR}/EmbarkConfigVersion.cmake"
  DESTINATION ${embark_config_dir})
install(FILES LICENSE NOTICE.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(EMBARK_BUNDLE_LIBRARIES)
  embark_install_libraries()
endif()

# `make package` makes a .tar.gz of it.
if(PROJECT_IS_TOP_LEVEL)
  set(CPACK_GENERATOR TGZ)
  set(CPACK_PACKAGE_FILE_NAME "embark-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR}")
  set(CPACK_STRIP_FILES ON)
  include(CPack)
endif()
