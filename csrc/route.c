#include "firstlight.h"

int32_t fl_best_route(void) {
#if FL_X86
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("popcnt")) return FL_ROUTE_SCALAR;
  return __builtin_cpu_supports("avx2") ? FL_ROUTE_AVX2 : FL_ROUTE_POPCNT;
#else
  return FL_ROUTE_SCALAR;
#endif
}
