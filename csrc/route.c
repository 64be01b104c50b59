#include "firstlight.h"

int32_t fl_best_route(void) {
#if FL_X86
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("popcnt")) return FL_ROUTE_SCALAR;
  if (!__builtin_cpu_supports("avx2")) return FL_ROUTE_POPCNT;
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vpopcntdq")
             ? FL_ROUTE_AVX512
             : FL_ROUTE_AVX2;
#else
  return FL_ROUTE_SCALAR;
#endif
}
