/* PDQ's blurs and sampling, in one pass over the full-size picture.

   PDQ blurs twice with a box along rows and columns, samples the result at 64 x 64 places, and
   takes the low frequencies of that. Both blurs and the sampling are one separable linear map:
   each of the 64 x 64 values is a weighted sum over a small rectangle. So each pixel is read
   once, added with one or two weights into the band of rows that needs it, and a band's
   columns are summed when its rows are through. */
#include <stdlib.h>
#include <string.h>

#include "pdq_parts.h"

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
      weights[low - first] += share;
      weights[high + 1 - first] -= share;
    }
    for (int64_t at = 1; at <= last - first; at++) weights[at] += weights[at - 1];
  }
  return 0;
}

/* Whether neither blur is cut off by a border at this sample. */
static int is_whole(int out, int64_t size, int64_t box) {
  const int64_t centre = sample_centre(out, size), ahead = box / 2, behind = box - 1 - ahead;
  return centre >= 2 * behind && centre + 2 * ahead < size;
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

static void sum_tent(float *sums, int32_t *whole, const uint8_t *rows, int64_t row_stride,
                     int64_t box, int64_t width, AddTent *add_tent) {
  uint8_t tent[2 * TENT_MAX_BOX];
  const float scale = 1.0f / (float)(box * box);
  for (int64_t i = 0; i < 2 * box - 1; i++) tent[i] = (uint8_t)(i < box ? i + 1 : 2 * box - 1 - i);
  memset(whole, 0, (size_t)width * sizeof(int32_t));
  add_tent(whole, rows, row_stride, tent, 2 * box - 1, width);
  for (int64_t x = 0; x < width; x++) sums[x] = (float)whole[x] * scale;
}

static void sum_rows(float *sums, float *weights, const uint8_t *rows, int64_t row_stride,
                     const double *exact, int64_t row_count, int64_t width, AddRows *add_rows) {
  for (int64_t i = 0; i < row_count; i++) weights[i] = (float)exact[i];
  memset(sums, 0, (size_t)width * sizeof(float));
  add_rows(sums, rows, row_stride, weights, row_count, width);
}

static int downsample_in_one_pass(const uint8_t *pixels, int64_t height, int64_t width,
                                  int32_t channels, int64_t row_stride, Adders adders,
                                  float luma[SIDE][SIDE]) {
  const int64_t row_bytes = width * channels;
  const int64_t box = (height + 2 * SIDE - 1) / (2 * SIDE);
  Taps down = {.weights = NULL}, across = {.weights = NULL};
  float *sums = malloc((size_t)row_bytes * sizeof(float));
  int32_t *whole = malloc((size_t)row_bytes * sizeof(int32_t));
  float *weights = malloc((size_t)(2 * box) * sizeof(float));
  int result = -1;
  if (sums == NULL || whole == NULL || weights == NULL) goto done;
  if (fill_taps(&down, height) || fill_taps(&across, width)) goto done;
  for (int out = 0; out < SIDE; out++) {
    const uint8_t *rows = pixels + down.first[out] * row_stride;
    if (box <= TENT_MAX_BOX && is_whole(out, height, box))
      sum_tent(sums, whole, rows, row_stride, box, row_bytes, adders.tent);
    else
      sum_rows(sums, weights, rows, row_stride, down.weights + out * down.step, down.count[out],
               row_bytes, adders.rows);
    if (channels == 3) fold_channels(sums, width);
    for (int at = 0; at < SIDE; at++)
      luma[out][at] = sum_columns(sums + across.first[at], across.weights + at * across.step,
                                  across.count[at]);
  }
  result = 0;
done:
  free(weights);
  free(whole);
  free(sums);
  free(down.weights);
  free(across.weights);
  return result;
}

int downsample(const uint8_t *pixels, int64_t height, int64_t width, int32_t channels,
               int64_t row_stride, int32_t route_max, float luma[SIDE][SIDE]) {
  const int64_t shorter = height < width ? height : width;
  if (shorter < SIDE && height * width <= LITERAL_MAX_PIXELS)
    return downsample_literally(pixels, height, width, channels, row_stride, luma);
  return downsample_in_one_pass(pixels, height, width, channels, row_stride,
                                choose_adders(route_max), luma);
}
