# cmake -DBUILD=… -DSOURCE=… -DGENERATOR=… -DCXX=… -DVENV=… -DLIBRARIES=… -P check_package.cmake
# Installs the build into an empty folder, copies the examples away from the sources, builds them against the installed
# package alone, and runs them, some on data that it makes. Then a program that has strict warnings and names of the
# version before; one that links embark::predictor alone, on a machine that has no Arrow as far as CMake is told; a
# LibTorch of another version; and a project that has Embark as a part of it.
set(work "${BUILD}/package-test")
file(REMOVE_RECURSE "${work}")
file(MAKE_DIRECTORY "${work}")

function(run)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY "${work}" RESULT_VARIABLE code OUTPUT_VARIABLE output
    ERROR_VARIABLE output)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${ARGN} ended with ${code}:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

run(${CMAKE_COMMAND} --install "${BUILD}" --prefix "${work}/prefix")
file(COPY "${SOURCE}/examples" DESTINATION "${work}")
run(${CMAKE_COMMAND} -G "${GENERATOR}" -S examples -B build-examples -DCMAKE_CXX_COMPILER=${CXX}
  -DCMAKE_BUILD_TYPE=Release "-DCMAKE_PREFIX_PATH=${work}/prefix")
run(${CMAKE_COMMAND} --build build-examples)

run("${work}/build-examples/example_own_module")
if(NOT output MATCHES "Stopped: the accuracy is 0\\.9[789]" OR NOT EXISTS "${work}/circle.pt")
  message(FATAL_ERROR "example_own_module did not do what it says:\n${output}")
endif()

run("${work}/build-examples/example_gan")
if(NOT output MATCHES "Made points lie (1\\.[89]|2\\.[01]|2 )[0-9]* from the centre, ±0\\.[0-3][0-9]*, in 8 of 8 directions")
  message(FATAL_ERROR "example_gan did not do what it says:\n${output}")
endif()
run("${work}/build-examples/example_sharpness_aware")
if(NOT output MATCHES "Flatter: yes")
  message(FATAL_ERROR "example_sharpness_aware did not do what it says:\n${output}")
endif()
run("${work}/build-examples/example_own_optimizer")
if(NOT output MATCHES "Trained to a validation loss of 0\\.[01].*the same weights to the bit")
  message(FATAL_ERROR "example_own_optimizer did not do what it says:\n${output}")
endif()

run("${work}/build-examples/example_sequences")
if(NOT output MATCHES "Filled up: [45][0-9.]*% of a batch, sorted by length [0-9](\\.[0-9]*)?%.*the file says: right, right")
  message(FATAL_ERROR "example_sequences did not do what it says:\n${output}")
endif()
run("${work}/build-examples/example_simulated_data")
if(NOT output MATCHES "with 3 workers: yes.*found (3\\.[5-9]|4\\.[0-4]|4 )[0-9]* and 0\\.(3[5-9]|[45]|6[0-4])")
  message(FATAL_ERROR "example_simulated_data did not do what it says:\n${output}")
endif()
run("${work}/build-examples/example_autoencoder")
if(NOT output MATCHES "differs by 0\\.0[0-9]* on average.*under the ROC curve of (0\\.9|1)")
  message(FATAL_ERROR "example_autoencoder did not do what it says:\n${output}")
endif()
run("${work}/build-examples/example_rare_class")
if(NOT output MATCHES "plain 0(\\.[0-3][0-9]*)?, balanced 0\\.(7[5-9]|[89])")
  message(FATAL_ERROR "example_rare_class did not do what it says:\n${output}")
endif()

if(EXISTS "${VENV}/bin/python")
  run("${VENV}/bin/python" "${SOURCE}/tests/package/draw_digits.py" digits)
  run("${work}/build-examples/example_images" digits)
  if(NOT output MATCHES "1 of 401 pictures.*cut\\.png.*\n19 .* (0\\.9[89][0-9]*|1(\\.0*)?) .*model's own: yes.*digits/0/0\\.png is 0"
      OR NOT EXISTS "${work}/results.html")
    message(FATAL_ERROR "example_images did not do what it says:\n${output}")
  endif()
endif()

if(EXISTS "${VENV}/bin/python")
  run("${VENV}/bin/python" "${SOURCE}/examples/transfer.py" waves)
  run("${work}/build-examples/example_transfer" waves)
  if(NOT output MATCHES "Not taken over: head\\.bias, head\\.weight.*from its own beginning 0\\.[0-8][0-9]*, from Python's weights 0\\.(8[89]|9)")
    message(FATAL_ERROR "example_transfer did not do what it says:\n${output}")
  endif()
endif()

run("${work}/build-examples/example_text_classifier")
if(NOT output MATCHES "a wonderful story is good \\(0\\.9.*what a dull film is bad \\(0\\.9.*predict\\(texts: List\\[str\\]\\).*a moving and funny film is good")
  message(FATAL_ERROR "example_text_classifier did not do what it says:\n${output}")
endif()
if(EXISTS "${VENV}/bin/python")
  run("${VENV}/bin/python" -W ignore -c
    "print(__import__('torch').jit.load('reviews.pt').predict(['a wonderful story', 'a dull story'])[0])")
  if(NOT output MATCHES "\\['good', 'bad'\\]")
    message(FATAL_ERROR "Python was not answered by reviews.pt:\n${output}")
  endif()
endif()

file(WRITE "${work}/u.item" "1|Kolya (1996)|x\n2|Star Wars (1977)|x\n3|Fargo (1996)|x\n4|Alien (1979)|x\n5|Big (1988)|x\n")
set(ratings "")
foreach(user RANGE 180 220)
  foreach(movie RANGE 1 5)
    math(EXPR skipped "(${user} + ${movie}) % 4")
    math(EXPR rating "1 + ${user} * ${movie} % 5")
    if(skipped)
      string(APPEND ratings "${user}\t${movie}\t${rating}\t881250949\n")
    endif()
  endforeach()
endforeach()
file(WRITE "${work}/u.data" "${ratings}")
run("${work}/build-examples/example_movie_ratings" "${work}" movies.pt)
if(NOT output MATCHES "user 196 may like" OR NOT EXISTS "${work}/movies.pt")
  message(FATAL_ERROR "example_movie_ratings did not do what it says:\n${output}")
endif()

# The installed program runs too, from where it was installed.
run("${work}/prefix/bin/embark" inspect movies.pt)
if(NOT output MATCHES "DotProductBias")
  message(FATAL_ERROR "the installed embark did not read the exported model:\n${output}")
endif()

file(COPY "${SOURCE}/tests/package/service" "${SOURCE}/tests/package/strict" "${SOURCE}/tests/package/subproject"
  "${SOURCE}/tests/package/other_torch" DESTINATION "${work}")
run(${CMAKE_COMMAND} -G "${GENERATOR}" -S strict -B build-strict -DCMAKE_CXX_COMPILER=${CXX}
  -DCMAKE_BUILD_TYPE=Release "-DCMAKE_PREFIX_PATH=${work}/prefix")
run(${CMAKE_COMMAND} --build build-strict)
run("${work}/build-strict/strict")
if(NOT output MATCHES "EmbarkError: Cannot read none\\.pt: there is no such file")
  message(FATAL_ERROR "the program with strict warnings did not do what it says:\n${output}")
endif()

execute_process(COMMAND ${CMAKE_COMMAND} -G "${GENERATOR}" -S service -B build-other-torch -DCMAKE_CXX_COMPILER=${CXX}
    "-DCMAKE_PREFIX_PATH=${work}/prefix" "-DTorch_DIR=${work}/other_torch"
  WORKING_DIRECTORY "${work}" RESULT_VARIABLE code OUTPUT_QUIET ERROR_VARIABLE output)
string(REGEX REPLACE "[ \n]+" " " output "${output}")
if(code EQUAL 0 OR NOT output MATCHES "Embark was built with LibTorch [0-9.]+, and LibTorch 1\\.13\\.1 was found in")
  message(FATAL_ERROR "another version of LibTorch was not refused:\n${output}")
endif()

run(${CMAKE_COMMAND} -G "${GENERATOR}" -S service -B build-service -DCMAKE_CXX_COMPILER=${CXX}
  -DCMAKE_BUILD_TYPE=Release "-DCMAKE_PREFIX_PATH=${work}/prefix" -DCMAKE_DISABLE_FIND_PACKAGE_ArrowParquet=ON
  -DCMAKE_DISABLE_FIND_PACKAGE_Arrow=ON -DCMAKE_DISABLE_FIND_PACKAGE_ZLIB=ON -DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON)
run(${CMAKE_COMMAND} --build build-service --verbose)
if(output MATCHES "arrow|parquet|embark_data")
  message(FATAL_ERROR "a program with embark::predictor alone is linked with more:\n${output}")
endif()
run(ldd build-service/service)
if(output MATCHES "arrow|parquet|not found")
  message(FATAL_ERROR "a program with embark::predictor alone needs more than LibTorch:\n${output}")
endif()
run("${work}/build-service/service" movies.pt reviews.pt)
if(NOT output MATCHES "196 may like .*nobody gives 1 rating.*reviews: good, bad.*predicts no rows of a table")
  message(FATAL_ERROR "the service did not answer from the exported file:\n${output}")
endif()

# Without precompiled headers, which take longer than the few files of one component.
find_program(CCACHE ccache)
if(CCACHE)
  set(ENV{CMAKE_CXX_COMPILER_LAUNCHER} "${CCACHE}")
endif()
set(ENV{CMAKE_PREFIX_PATH} "${LIBRARIES}:$ENV{CMAKE_PREFIX_PATH}")
run(${CMAKE_COMMAND} -G "${GENERATOR}" -S subproject -B build-subproject -DCMAKE_CXX_COMPILER=${CXX}
  -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON "-DEMBARK_SOURCE=${SOURCE}")
run(${CMAKE_COMMAND} --build build-subproject --target part)
run("${work}/build-subproject/part")
if(NOT output MATCHES "the answer is 42")
  message(FATAL_ERROR "a project with Embark as a part of it did not do what it says:\n${output}")
endif()
