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
configure_package_config_file(cmake/EmbarkConfig.cmake.in "${PROJECT_BINARY_DIR}/EmbarkConfig.cmake"
  INSTALL_DESTINATION ${embark_config_dir})
write_basic_package_version_file("${PROJECT_BINARY_DIR}/EmbarkConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/EmbarkConfig.cmake" "${PROJECT_BINARY_DIR}/EmbarkConfigVersion.cmake"
  DESTINATION ${embark_config_dir})
