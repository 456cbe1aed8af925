# cmake -DCXX=… -DSOURCE=… -DINCLUDES=…;… -P refused_forward.cmake
# A module whose forward cannot be called is a static_assert that says what would be right.
list(TRANSFORM INCLUDES PREPEND "-I")
foreach(kind RANGE 0 6)
  execute_process(COMMAND "${CXX}" -std=c++20 -fsyntax-only -w -DKIND=${kind} ${INCLUDES} "${SOURCE}/refused_forward.cpp"
    RESULT_VARIABLE code OUTPUT_QUIET ERROR_VARIABLE errors)
  if(kind EQUAL 0)
    set(expected "^$")
  elseif(kind LESS 4)
    set(expected "needs a public forward that takes 1 to 16 tensors")
  else()
    set(expected "forward must return a tensor, or a std::vector, tuple, pair or array of tensors")
  endif()
  if(NOT errors MATCHES "${expected}" OR (code EQUAL 0 AND NOT kind EQUAL 0))
    message(FATAL_ERROR "kind ${kind} of refused_forward.cpp ended with ${code} and said:\n${errors}")
  endif()
endforeach()
