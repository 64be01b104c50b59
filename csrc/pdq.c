/* PDQ from 64 x 64 luminances: quality, low frequencies, and eight codes of 256 bits. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pdq_parts.h"

enum { KEPT = 16, CODE_BITS = 256, CODE_BYTES = 32, SMALLEST = 5 };

/* Steps between neighbours in whole hundredths of the range, summed: PDQ's quality. */
static int32_t measure_quality(float luma[SIDE][SIDE]) {
  int32_t steps = 0;
  for (int i = 0; i < SIDE; i++) {
    for (int j = 0; j < SIDE; j++) {
      if (i + 1 < SIDE) steps += abs((int)(((luma[i][j] - luma[i + 1][j]) * 100) / 255));
      if (j + 1 < SIDE) steps += abs((int)(((luma[i][j] - luma[i][j + 1]) * 100) / 255));
    }
  }
  return steps / 90 > 100 ? 100 : steps / 90;
}

static float measure_spread(float luma[SIDE][SIDE]) {
  float low = luma[0][0], high = luma[0][0];
  for (int i = 0; i < SIDE; i++) {
    for (int j = 0; j < SIDE; j++) {
      if (luma[i][j] < low) low = luma[i][j];
      if (luma[i][j] > high) high = luma[i][j];
    }
  }
  return high - low;
}

/* Frequencies 1 to 16 both ways; every sum runs over k in order, as the reference's does. */
static void transform(float luma[SIDE][SIDE], const float *table, float out[KEPT][KEPT]) {
  float half[KEPT][SIDE], turned[SIDE][KEPT];
  memset(half, 0, sizeof half);
  memset(out, 0, KEPT * KEPT * sizeof(float));
  for (int j = 0; j < KEPT; j++)
    for (int k = 0; k < SIDE; k++) turned[k][j] = table[j * SIDE + k];
  for (int i = 0; i < KEPT; i++)
    for (int k = 0; k < SIDE; k++)
      for (int j = 0; j < SIDE; j++) half[i][j] += table[i * SIDE + k] * luma[k][j];
  for (int i = 0; i < KEPT; i++)
    for (int k = 0; k < SIDE; k++)
      for (int j = 0; j < KEPT; j++) out[i][j] += half[i][k] * turned[k][j];
}

/* The 128th smallest of 256 (the lower median), by selection; values are disturbed. */
static float lower_median(float *values) {
  int low = 0, high = CODE_BITS - 1;
  const int wanted = CODE_BITS / 2 - 1;
  while (low < high) {
    const float pivot = values[low + (high - low) / 2];
    int i = low, j = high;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i <= j) {
        const float kept = values[i];
        values[i++] = values[j];
        values[j--] = kept;
      }
    }
    if (wanted <= j) high = j;
    else if (wanted >= i) low = i;
    else break;
  }
  return values[wanted];
}

/* Mirroring or turning a picture negates and transposes its frequencies. */
typedef struct {
  int transposed, odd_rows, odd_columns;
} Variant;

static const Variant VARIANTS[8] = {
    {0, 0, 0}, {1, 0, 1}, {0, 1, 1}, {1, 1, 0}, {0, 1, 0}, {0, 0, 1}, {1, 0, 0}, {1, 1, 1},
};

static void write_code(float frequencies[KEPT][KEPT], Variant variant, uint8_t *code) {
  float values[CODE_BITS], disturbed[CODE_BITS];
  for (int i = 0; i < KEPT; i++) {
    for (int j = 0; j < KEPT; j++) {
      const int negated = (variant.odd_rows && !(i & 1)) != (variant.odd_columns && !(j & 1));
      const int at = variant.transposed ? j * KEPT + i : i * KEPT + j;
      values[at] = negated ? -frequencies[i][j] : frequencies[i][j];
    }
  }
  memcpy(disturbed, values, sizeof values);
  const float median = lower_median(disturbed);
  memset(code, 0, CODE_BYTES);
  for (int bit = 0; bit < CODE_BITS; bit++)
    if (values[bit] > median) code[CODE_BYTES - 1 - bit / 8] |= (uint8_t)(1u << (bit % 8));
}

void fl_pdq_table(float *table) {
  const double turn = 3.14159265358979323846 / 2.0 / SIDE;
  const float scale = (float)sqrt(2.0 / SIDE);
  for (int i = 0; i < KEPT; i++)
    for (int j = 0; j < SIDE; j++)
      table[i * SIDE + j] = (float)((double)scale * cos(turn * (i + 1) * (2 * j + 1)));
}

int32_t fl_pdq(const uint8_t *pixels, int64_t height, int64_t width, int32_t channels,
               int64_t row_stride, const float *table, int32_t route_max, uint8_t *codes,
               int32_t *quality, float *spread) {
  float luma[SIDE][SIDE], frequencies[KEPT][KEPT];
  memset(codes, 0, 8 * CODE_BYTES);
  *quality = 0;
  *spread = 0.0f;
  if (height < SMALLEST || width < SMALLEST) return 0;
  if (downsample(pixels, height, width, channels, row_stride, route_max, luma)) return -1;
  *quality = measure_quality(luma);
  *spread = measure_spread(luma);
  transform(luma, table, frequencies);
  for (int i = 0; i < 8; i++) write_code(frequencies, VARIANTS[i], codes + i * CODE_BYTES);
  return 0;
}
