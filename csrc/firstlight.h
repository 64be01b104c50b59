/* What the kernels export; nothing else is visible. */
#ifndef FIRSTLIGHT_H
#define FIRSTLIGHT_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define FL_EXPORT __declspec(dllexport)
#else
#define FL_EXPORT __attribute__((visibility("default")))
#endif

/* Rises with every change of a signature below; the loader refuses another number. */
#define FL_ABI_VERSION 1
FL_EXPORT int32_t fl_abi_version(void);

#endif
