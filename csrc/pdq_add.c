/* Adding up bands of rows, for every route through the processor. */
#include <string.h>

#include "pdq_parts.h"

#if FL_X86
#include <immintrin.h>
#endif

enum { ROW_GROUP = 4, TENT_BLOCK = 32 };

static inline __attribute__((always_inline)) void add_rows_body(
    float *restrict sums, const uint8_t *rows, int64_t row_stride, const float *weights,
    int64_t row_count, int64_t width) {
  int64_t row = 0;
  for (; row + ROW_GROUP <= row_count; row += ROW_GROUP) {
    const uint8_t *restrict a = rows + row * row_stride;
    const uint8_t *restrict b = a + row_stride;
    const uint8_t *restrict c = b + row_stride;
    const uint8_t *restrict d = c + row_stride;
    const float wa = weights[row], wb = weights[row + 1];
    const float wc = weights[row + 2], wd = weights[row + 3];
    for (int64_t x = 0; x < width; x++) {
      float sum = sums[x];
      sum += wa * (float)a[x];
      sum += wb * (float)b[x];
      sum += wc * (float)c[x];
      sum += wd * (float)d[x];
      sums[x] = sum;
    }
  }
  for (; row < row_count; row++) {
    const uint8_t *restrict a = rows + row * row_stride;
    const float wa = weights[row];
    for (int64_t x = 0; x < width; x++) sums[x] += wa * (float)a[x];
  }
}

static void add_rows_plain(float *restrict sums, const uint8_t *rows, int64_t row_stride,
                           const float *weights, int64_t row_count, int64_t width) {
  add_rows_body(sums, rows, row_stride, weights, row_count, width);
}

static void add_tent_plain(int32_t *restrict sums, const uint8_t *rows, int64_t row_stride,
                           const uint8_t *tent, int64_t row_count, int64_t width) {
  for (int64_t row = 0; row < row_count; row++) {
    const uint8_t *restrict a = rows + row * row_stride;
    const int16_t weight = tent[row];
    for (int64_t x = 0; x < width; x++) sums[x] += weight * (int16_t)a[x];
  }
}

#if FL_X86
FL_TARGET("avx2")
static void add_rows_avx2(float *restrict sums, const uint8_t *rows, int64_t row_stride,
                          const float *weights, int64_t row_count, int64_t width) {
  add_rows_body(sums, rows, row_stride, weights, row_count, width);
}

/* Products of two rows, as 16-bit sums: at most 2 * 64 * 255, so two such sums fit as well. */
FL_TARGET("avx2")
static inline __m256i weigh(__m256i pairs_ab, __m256i pairs_cd, __m256i ab, __m256i cd) {
  return _mm256_add_epi16(_mm256_maddubs_epi16(pairs_ab, ab), _mm256_maddubs_epi16(pairs_cd, cd));
}

FL_TARGET("avx2")
static inline void add_to(int32_t *sums, __m256i values) {
  __m256i *at = (__m256i *)sums;
  _mm256_storeu_si256(at, _mm256_add_epi32(_mm256_loadu_si256(at), values));
}

/* Blocks of 32 columns keep their sums in the order in which unpacking leaves them. */
FL_TARGET("avx2")
static void put_in_order(int32_t *sums, int64_t width) {
  for (int64_t x = 0; x + TENT_BLOCK <= width; x += TENT_BLOCK) {
    int32_t block[TENT_BLOCK];
    memcpy(block, sums + x, sizeof block);
    for (int part = 0; part < 4; part++) {
      memcpy(sums + x + 4 * part, block + 8 * part, 4 * sizeof(int32_t));
      memcpy(sums + x + 16 + 4 * part, block + 8 * part + 4, 4 * sizeof(int32_t));
    }
  }
}

FL_TARGET("avx2")
static void add_tent_avx2(int32_t *restrict sums, const uint8_t *rows, int64_t row_stride,
                          const uint8_t *tent, int64_t row_count, int64_t width) {
  const __m256i zero = _mm256_setzero_si256();
  const int64_t blocks_end = width / TENT_BLOCK * TENT_BLOCK;
  for (int64_t row = 0; row < row_count; row += ROW_GROUP) {
    const uint8_t *at[ROW_GROUP];
    int weight[ROW_GROUP];
    for (int i = 0; i < ROW_GROUP; i++) {
      const int is_there = row + i < row_count;
      at[i] = rows + (is_there ? row + i : row) * row_stride;
      weight[i] = is_there ? tent[row + i] : 0;
    }
    const __m256i ab = _mm256_set1_epi16((short)(weight[0] | weight[1] << 8));
    const __m256i cd = _mm256_set1_epi16((short)(weight[2] | weight[3] << 8));
    for (int64_t x = 0; x < blocks_end; x += TENT_BLOCK) {
      const __m256i a = _mm256_loadu_si256((const __m256i *)(at[0] + x));
      const __m256i b = _mm256_loadu_si256((const __m256i *)(at[1] + x));
      const __m256i c = _mm256_loadu_si256((const __m256i *)(at[2] + x));
      const __m256i d = _mm256_loadu_si256((const __m256i *)(at[3] + x));
      const __m256i low =
          weigh(_mm256_unpacklo_epi8(a, b), _mm256_unpacklo_epi8(c, d), ab, cd);
      const __m256i high =
          weigh(_mm256_unpackhi_epi8(a, b), _mm256_unpackhi_epi8(c, d), ab, cd);
      add_to(sums + x, _mm256_unpacklo_epi16(low, zero));
      add_to(sums + x + 8, _mm256_unpackhi_epi16(low, zero));
      add_to(sums + x + 16, _mm256_unpacklo_epi16(high, zero));
      add_to(sums + x + 24, _mm256_unpackhi_epi16(high, zero));
    }
  }
  put_in_order(sums, width);
  add_tent_plain(sums + blocks_end, rows + blocks_end, row_stride, tent, row_count,
                 width - blocks_end);
}
#endif

Adders choose_adders(int32_t route_max) {
  Adders adders = {add_rows_plain, add_tent_plain};
#if FL_X86
  if (route_max >= FL_ROUTE_AVX2 && fl_best_route() >= FL_ROUTE_AVX2)
    adders = (Adders){add_rows_avx2, add_tent_avx2};
#else
  (void)route_max;
#endif
  return adders;
}
