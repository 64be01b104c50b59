#include "firstlight.h"

int32_t fl_abi_version(void) { return FL_ABI_VERSION; }
