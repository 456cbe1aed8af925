# `cmake --install`: what the rooms don't install themselves, and the files that find_package(Embark CONFIG) reads.
include(CMakePackageConfigHelpers)

install(FILES embark.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/embark)

set(embark_config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Embark)
install(EXPORT EmbarkTargets NAMESPACE embark:: DESTINATION ${embark_config_dir})
configure_package_config_file(cmake/EmbarkConfig.cmake.in "${PROJECT_BINARY_DIR}/EmbarkConfig.cmake"
  INSTALL_DESTINATION ${embark_config_dir})
write_basic_package_version_file("${PROJECT_BINARY_DIR}/EmbarkConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/EmbarkConfig.cmake" "${PROJECT_BINARY_DIR}/EmbarkConfigVersion.cmake"
  cmake/FindArrowParquet.cmake DESTINATION ${embark_config_dir})
