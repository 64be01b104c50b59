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

#if defined(__x86_64__) && defined(__GNUC__)
#define FL_X86 1
#define FL_TARGET(name) __attribute__((target(name)))
#else
#define FL_X86 0
#endif

/* One order of additions everywhere, so that all routes and the numpy twins agree;
   GCC keeps it by -std=c99. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

/* Rises with every change of a signature below; the loader refuses another number. */
#define FL_ABI_VERSION 3
FL_EXPORT int32_t fl_abi_version(void);

/* Routes through the processor, each a superset of the one before. A call names the highest
   that it allows; what the processor lacks is never taken. */
enum { FL_ROUTE_SCALAR = 0, FL_ROUTE_POPCNT = 1, FL_ROUTE_AVX2 = 2, FL_ROUTE_AVX512 = 3 };
FL_EXPORT int32_t fl_best_route(void);

/* Fills the 16 x 64 cosine table that fl_pdq reads. */
#define FL_PDQ_TABLE_FLOATS 1024
FL_EXPORT void fl_pdq_table(float *table);

/* PDQ of one picture: rows of width * channels bytes (channels 1 or 3), row_stride bytes
   apart (may be negative). Writes eight codes of 32 bytes, the quality (0 to 100), and the
   spread of the 64 x 64 luminances. Returns 0, or -1 when memory is short. */
FL_EXPORT int32_t fl_pdq(const uint8_t *pixels, int64_t height, int64_t width,
                         int32_t channels, int64_t row_stride, const float *table,
                         int32_t route_max, uint8_t *codes, int32_t *quality, float *spread);

/* One page of an exact Hamming scan. columns: four columns of row_count words; queries:
   query_count rows of four words. cursor holds four positions, zero at first; the scan is
   finished when cursor[0] == query_count. Returns how many hits were written, at most
   capacity, in the order of the scan (blocks of queries, blocks of rows). */
FL_EXPORT int64_t fl_hamming_page(const uint64_t *columns, int64_t row_count,
                                  const uint64_t *queries, int64_t query_count,
                                  int32_t radius_bits, int32_t route_max, int64_t *cursor,
                                  int64_t *hit_queries, int64_t *hit_rows,
                                  uint16_t *hit_distances, int64_t capacity);

/* Unlocks bytes of a ZIP member in place and carries the three keys on. crc_table: 256 words of
   CRC-32. */
FL_EXPORT void fl_zip_unlock(uint8_t *data, int64_t size, uint32_t *keys,
                             const uint32_t *crc_table);

#endif
