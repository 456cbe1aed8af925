#pragma once

// EMBARK_VECTOR_CLONES before a function has it compiled for several generations of processors; the program takes the
// best that the machine has. Elsewhere than with GCC on x86-64, and in builds with sanitizers, there is the plain
// function alone. Such functions include nothing that is inlined from headers of others.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define EMBARK_HAS_VECTOR_CLONES
#define EMBARK_VECTOR_CLONES [[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]]
#else
#define EMBARK_VECTOR_CLONES
#endif
