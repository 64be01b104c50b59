/* Between the parts of the PDQ kernel; nothing here is exported. */
#ifndef FIRSTLIGHT_PDQ_PARTS_H
#define FIRSTLIGHT_PDQ_PARTS_H

#include "firstlight.h"

enum { SIDE = 64, TENT_MAX_BOX = 64 };

/* Adds rows of bytes, each with its weight, into one sum a column. */
typedef void AddRows(float *restrict sums, const uint8_t *rows, int64_t row_stride,
                     const float *weights, int64_t row_count, int64_t width);

/* Away from the borders the weights of a band of rows are whole numbers (a tent: 1, 2, ... box,
   ... 2, 1) over box * box, so its sums are exact, whatever the order. */
typedef void AddTent(int32_t *restrict sums, const uint8_t *rows, int64_t row_stride,
                     const uint8_t *tent, int64_t row_count, int64_t width);

/* The two ways to sum a band of rows, for this processor. */
typedef struct {
  AddRows *rows;
  AddTent *tent;
} Adders;

Adders choose_adders(int32_t route_max);

/* Blurs a picture and samples it at 64 x 64 places. Returns 0, or -1 when memory is short. */
int downsample(const uint8_t *pixels, int64_t height, int64_t width, int32_t channels,
               int64_t row_stride, int32_t route_max, float luma[SIDE][SIDE]);

#endif
