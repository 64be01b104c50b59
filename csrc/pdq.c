/* PDQ from the full-size picture in one pass.

   PDQ blurs twice with a box along rows and columns, samples the result at 64 x 64 places, and
   takes the low frequencies of that. Both blurs and the sampling are one separable linear map:
   each of the 64 x 64 values is a weighted sum over a small rectangle. So each pixel is read
   once, added with one or two weights into the band of rows that needs it, and a band's
   columns are summed when its rows are through. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "firstlight.h"

enum { SIDE = 64, KEPT = 16, CODE_BITS = 256, CODE_BYTES = 32, SMALLEST = 5, ROW_GROUP = 4 };
enum { LITERAL_MAX_PIXELS = 1 << 20 };

/* For each of the 64 samples along one dimension: the pixels it is made of, and their weights. */
typedef struct {
  int64_t first[SIDE];
  int64_t count[SIDE];
  int64_t step;
  double *weights;
} Taps;

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
  return value < low ? low : value > high ? high : value;
}

static int64_t sample_centre(int out, int64_t size) {
  return (int64_t)(((out + 0.5) * (double)size) / SIDE);
}

/* A box of 2k or 2k + 1 pixels reaches k pixels ahead; at the borders it is cut off, and
   divides by what is left. */
static int fill_taps(Taps *taps, int64_t size) {
  const int64_t box = (size + 2 * SIDE - 1) / (2 * SIDE);
  const int64_t ahead = box / 2;
  const int64_t behind = box - 1 - ahead;
  taps->step = 2 * box;
  taps->weights = calloc((size_t)(SIDE * taps->step), sizeof(double));
  if (taps->weights == NULL) return -1;
  for (int out = 0; out < SIDE; out++) {
    const int64_t centre = sample_centre(out, size);
    const int64_t outer_low = clamp(centre - behind, 0, size - 1);
    const int64_t outer_high = clamp(centre + ahead, 0, size - 1);
    const int64_t first = clamp(outer_low - behind, 0, size - 1);
    const int64_t last = clamp(outer_high + ahead, 0, size - 1);
    double *weights = taps->weights + out * taps->step;
    taps->first[out] = first;
    taps->count[out] = last - first + 1;
    for (int64_t middle = outer_low; middle <= outer_high; middle++) {
      const int64_t low = clamp(middle - behind, 0, size - 1);
      const int64_t high = clamp(middle + ahead, 0, size - 1);
      const double share = 1.0 / (double)((outer_high - outer_low + 1) * (high - low + 1));
      for (int64_t at = low; at <= high; at++) weights[at - first] += share;
    }
  }
  return 0;
}

typedef void AddRows(float *restrict sums, const uint8_t *rows, int64_t row_stride,
                     const float *weights, int64_t row_count, int64_t width);

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

#if FL_X86
FL_TARGET("avx2")
static void add_rows_avx2(float *restrict sums, const uint8_t *rows, int64_t row_stride,
                          const float *weights, int64_t row_count, int64_t width) {
  add_rows_body(sums, rows, row_stride, weights, row_count, width);
}
#endif

static AddRows *choose_add_rows(int32_t route_max) {
#if FL_X86
  if (route_max >= FL_ROUTE_AVX2 && fl_best_route() >= FL_ROUTE_AVX2) return add_rows_avx2;
#else
  (void)route_max;
#endif
  return add_rows_plain;
}

/* Luminance as PDQ defines it. */
static inline float luminance(double red, double green, double blue) {
  return (float)((0.299 * red + 0.587 * green) + 0.114 * blue);
}

/* From sums of red, green and blue to one value a column, in place. */
static void fold_channels(float *sums, int64_t width) {
  for (int64_t x = 0; x < width; x++)
    sums[x] = luminance(sums[3 * x], sums[3 * x + 1], sums[3 * x + 2]);
}

static float sum_columns(const float *sums, const double *weights, int64_t count) {
  double lanes[4] = {0.0, 0.0, 0.0, 0.0};
  int64_t x = 0;
  for (; x + 4 <= count; x += 4)
    for (int lane = 0; lane < 4; lane++) lanes[lane] += weights[x + lane] * sums[x + lane];
  for (; x < count; x++) lanes[0] += weights[x] * sums[x];
  return (float)((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]));
}

/* One box blur with a running sum, in the reference's order of additions. */
static void blur_line(const float *in, float *out, int64_t size, int64_t step, int64_t box) {
  const int64_t ahead = box / 2, behind = box - 1 - ahead;
  float sum = 0.0f;
  for (int64_t at = 0; at < ahead; at++) sum += in[at * step];
  for (int64_t at = 0; at < size; at++) {
    const int64_t low = clamp(at - behind, 0, size - 1);
    const int64_t high = clamp(at + ahead, 0, size - 1);
    if (at + ahead < size) sum += in[(at + ahead) * step];
    if (at - behind > 0) sum -= in[(at - behind - 1) * step];
    out[at * step] = sum / (float)(high - low + 1);
  }
}

/* A picture with a side below 64 repeats lines among its samples, so some frequencies vanish
   and rounding alone decides their bits: there the blurs are done literally, as the reference
   does them, and the bits agree. */
static int downsample_literally(const uint8_t *pixels, int64_t height, int64_t width,
                                int32_t channels, int64_t row_stride, float luma[SIDE][SIDE]) {
  const int64_t box_across = (width + 2 * SIDE - 1) / (2 * SIDE);
  const int64_t box_down = (height + 2 * SIDE - 1) / (2 * SIDE);
  float *full = malloc((size_t)(2 * height * width) * sizeof(float));
  if (full == NULL) return -1;
  float *blurred = full + height * width;
  for (int64_t y = 0; y < height; y++) {
    const uint8_t *row = pixels + y * row_stride;
    for (int64_t x = 0; x < width; x++)
      full[y * width + x] =
          channels == 3 ? luminance(row[3 * x], row[3 * x + 1], row[3 * x + 2]) : (float)row[x];
  }
  for (int pass = 0; pass < 2; pass++) {
    for (int64_t y = 0; y < height; y++)
      blur_line(full + y * width, blurred + y * width, width, 1, box_across);
    for (int64_t x = 0; x < width; x++)
      blur_line(blurred + x, full + x, height, width, box_down);
  }
  for (int i = 0; i < SIDE; i++)
    for (int j = 0; j < SIDE; j++)
      luma[i][j] = full[sample_centre(i, height) * width + sample_centre(j, width)];
  free(full);
  return 0;
}

static int downsample(const uint8_t *pixels, int64_t height, int64_t width, int32_t channels,
                      int64_t row_stride, AddRows *add_rows, float luma[SIDE][SIDE]) {
  const int64_t row_bytes = width * channels;
  Taps down = {.weights = NULL}, across = {.weights = NULL};
  float *sums = malloc((size_t)row_bytes * sizeof(float));
  float *weights = NULL;
  int result = -1;
  if (sums == NULL || fill_taps(&down, height) || fill_taps(&across, width)) goto done;
  weights = malloc((size_t)down.step * sizeof(float));
  if (weights == NULL) goto done;
  for (int out = 0; out < SIDE; out++) {
    const double *exact = down.weights + out * down.step;
    for (int64_t i = 0; i < down.count[out]; i++) weights[i] = (float)exact[i];
    memset(sums, 0, (size_t)row_bytes * sizeof(float));
    add_rows(sums, pixels + down.first[out] * row_stride, row_stride, weights, down.count[out],
             row_bytes);
    if (channels == 3) fold_channels(sums, width);
    for (int at = 0; at < SIDE; at++)
      luma[out][at] = sum_columns(sums + across.first[at], across.weights + at * across.step,
                                  across.count[at]);
  }
  result = 0;
done:
  free(weights);
  free(sums);
  free(down.weights);
  free(across.weights);
  return result;
}

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
  const int64_t shorter = height < width ? height : width;
  const int is_literal = shorter < SIDE && height * width <= LITERAL_MAX_PIXELS;
  if (is_literal ? downsample_literally(pixels, height, width, channels, row_stride, luma)
                 : downsample(pixels, height, width, channels, row_stride,
                              choose_add_rows(route_max), luma))
    return -1;
  *quality = measure_quality(luma);
  *spread = measure_spread(luma);
  transform(luma, table, frequencies);
  for (int i = 0; i < 8; i++) write_code(frequencies, VARIANTS[i], codes + i * CODE_BYTES);
  return 0;
}
