/* Exact Hamming scan of 256-bit codes.

   The first 128 bits stand in columns of their own: of unrelated codes about four in a thousand
   million come within 31 bits there, so half of each code decides, and the other half is hardly
   ever fetched. Blocks of rows stay in the first cache while a block of queries passes. */
#include "firstlight.h"

#if FL_X86
#include <immintrin.h>
#endif

enum { QUERY_BLOCK = 64, ROW_BLOCK = 1024 };

/* Finds the first row from `row` on whose 128-bit prefix is within the radius; `end` if none. */
typedef int64_t NextRow(const uint64_t *first, const uint64_t *second, int64_t row, int64_t end,
                        const uint64_t *query, int32_t radius);

static inline int32_t count_bits(uint64_t word) {
#if FL_X86 && !defined(__POPCNT__)
  word -= (word >> 1) & 0x5555555555555555u;
  word = (word & 0x3333333333333333u) + ((word >> 2) & 0x3333333333333333u);
  word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fu;
  return (int32_t)((word * 0x0101010101010101u) >> 56);
#else
  return __builtin_popcountll(word);
#endif
}

static int64_t next_plain(const uint64_t *first, const uint64_t *second, int64_t row,
                          int64_t end, const uint64_t *query, int32_t radius) {
  for (; row < end; row++)
    if (count_bits(first[row] ^ query[0]) + count_bits(second[row] ^ query[1]) <= radius) break;
  return row;
}

#if FL_X86
FL_TARGET("popcnt")
static int64_t next_popcnt(const uint64_t *first, const uint64_t *second, int64_t row,
                           int64_t end, const uint64_t *query, int32_t radius) {
  const uint64_t a = query[0], b = query[1];
  for (; row + 4 <= end; row += 4) {
    int pass = 0;
    for (int i = 0; i < 4; i++)
      pass |= (__builtin_popcountll(first[row + i] ^ a) +
               __builtin_popcountll(second[row + i] ^ b)) <= radius;
    if (pass) break;
  }
  for (; row < end; row++)
    if (__builtin_popcountll(first[row] ^ a) + __builtin_popcountll(second[row] ^ b) <= radius)
      break;
  return row;
}

/* Four rows a vector: bits are counted by looking up half bytes. */
FL_TARGET("avx2")
static inline __m256i four_distances(const uint64_t *first, const uint64_t *second, __m256i a,
                                     __m256i b, __m256i table, __m256i low) {
  const __m256i x = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)first), a);
  const __m256i y = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)second), b);
  const __m256i x_low = _mm256_shuffle_epi8(table, _mm256_and_si256(x, low));
  const __m256i y_low = _mm256_shuffle_epi8(table, _mm256_and_si256(y, low));
  const __m256i x_high =
      _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(x, 4), low));
  const __m256i y_high =
      _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(y, 4), low));
  const __m256i counts =
      _mm256_add_epi8(_mm256_add_epi8(x_low, x_high), _mm256_add_epi8(y_low, y_high));
  return _mm256_sad_epu8(counts, _mm256_setzero_si256());
}

FL_TARGET("avx2,popcnt")
static int64_t next_avx2(const uint64_t *first, const uint64_t *second, int64_t row,
                         int64_t end, const uint64_t *query, int32_t radius) {
  const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1,
                                         2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i low = _mm256_set1_epi8(15);
  const __m256i a = _mm256_set1_epi64x((long long)query[0]);
  const __m256i b = _mm256_set1_epi64x((long long)query[1]);
  const __m256i beyond = _mm256_set1_epi64x((long long)radius + 1);
  for (; row + 8 <= end; row += 8) {
    const __m256i left = four_distances(first + row, second + row, a, b, table, low);
    const __m256i right = four_distances(first + row + 4, second + row + 4, a, b, table, low);
    /* Distances fill only the low half of each lane, so 32-bit comparison serves. */
    const __m256i passes = _mm256_or_si256(_mm256_cmpgt_epi32(beyond, left),
                                           _mm256_cmpgt_epi32(beyond, right));
    if (!_mm256_testz_si256(passes, passes)) break;
  }
  for (; row < end; row++)
    if (__builtin_popcountll(first[row] ^ query[0]) +
            __builtin_popcountll(second[row] ^ query[1]) <= radius)
      break;
  return row;
}

/* Eight rows a vector: the processor counts the bits of each word itself. */
FL_TARGET("avx512f,avx512vpopcntdq")
static inline __mmask8 eight_passes(const uint64_t *first, const uint64_t *second, __m512i a,
                                    __m512i b, __m512i limit) {
  const __m512i x = _mm512_popcnt_epi64(_mm512_xor_si512(_mm512_loadu_si512(first), a));
  const __m512i y = _mm512_popcnt_epi64(_mm512_xor_si512(_mm512_loadu_si512(second), b));
  return _mm512_cmple_epi64_mask(_mm512_add_epi64(x, y), limit);
}

FL_TARGET("avx512f,avx512vpopcntdq,popcnt")
static int64_t next_avx512(const uint64_t *first, const uint64_t *second, int64_t row,
                           int64_t end, const uint64_t *query, int32_t radius) {
  const __m512i a = _mm512_set1_epi64((long long)query[0]);
  const __m512i b = _mm512_set1_epi64((long long)query[1]);
  const __m512i limit = _mm512_set1_epi64((long long)radius);
  for (; row + 16 <= end; row += 16) {
    const __mmask8 left = eight_passes(first + row, second + row, a, b, limit);
    const __mmask8 right = eight_passes(first + row + 8, second + row + 8, a, b, limit);
    if (left | right) break;
  }
  for (; row < end; row++)
    if (__builtin_popcountll(first[row] ^ query[0]) +
            __builtin_popcountll(second[row] ^ query[1]) <= radius)
      break;
  return row;
}
#endif

static NextRow *choose_next(int32_t route_max) {
#if FL_X86
  const int32_t best = fl_best_route();
  const int32_t route = route_max < best ? route_max : best;
  if (route >= FL_ROUTE_AVX512) return next_avx512;
  if (route == FL_ROUTE_AVX2) return next_avx2;
  if (route == FL_ROUTE_POPCNT) return next_popcnt;
#else
  (void)route_max;
#endif
  return next_plain;
}

static int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }

int64_t fl_hamming_page(const uint64_t *columns, int64_t row_count, const uint64_t *queries,
                        int64_t query_count, int32_t radius_bits, int32_t route_max,
                        int64_t *cursor, int64_t *hit_queries, int64_t *hit_rows,
                        uint16_t *hit_distances, int64_t capacity) {
  const uint64_t *first = columns, *second = columns + row_count;
  const uint64_t *third = second + row_count, *fourth = third + row_count;
  NextRow *next_row = choose_next(route_max);
  int64_t found = 0;
  int64_t query_block = cursor[0], row_block = cursor[1], query = cursor[2], row = cursor[3];
  for (; query_block < query_count; query_block = lesser(query_block + QUERY_BLOCK, query_count)) {
    const int64_t query_end = lesser(query_block + QUERY_BLOCK, query_count);
    for (; row_block < row_count; row_block += ROW_BLOCK) {
      const int64_t row_end = lesser(row_block + ROW_BLOCK, row_count);
      for (; query < query_end; query++) {
        const uint64_t *code = queries + 4 * query;
        for (;; row++) {
          row = next_row(first, second, row, row_end, code, radius_bits);
          if (row == row_end) break;
          const int32_t distance = count_bits(first[row] ^ code[0]) +
                                   count_bits(second[row] ^ code[1]) +
                                   count_bits(third[row] ^ code[2]) +
                                   count_bits(fourth[row] ^ code[3]);
          if (distance > radius_bits) continue;
          if (found == capacity) {
            cursor[0] = query_block, cursor[1] = row_block, cursor[2] = query, cursor[3] = row;
            return found;
          }
          hit_queries[found] = query;
          hit_rows[found] = row;
          hit_distances[found++] = (uint16_t)distance;
        }
        row = row_block;
      }
      query = query_block;
      row = row_end;
    }
    row_block = 0;
    query = query_end;
    row = 0;
  }
  cursor[0] = query_count, cursor[1] = 0, cursor[2] = query_count, cursor[3] = 0;
  return found;
}
