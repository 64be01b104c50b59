/* The old lock of ZIP: every byte of the key stream hangs on all plain bytes before it. */
#include "firstlight.h"

FL_EXPORT void fl_zip_unlock(uint8_t *data, int64_t size, uint32_t *keys,
                             const uint32_t *crc_table) {
  uint32_t low = keys[0], middle = keys[1], high = keys[2];
  for (int64_t at = 0; at < size; at++) {
    const uint32_t mixed = (high | 2u) & 0xffffu;
    const uint8_t plain = (uint8_t)(data[at] ^ (uint8_t)((mixed * (mixed ^ 1u)) >> 8));
    data[at] = plain;
    low = crc_table[(low ^ plain) & 0xffu] ^ (low >> 8);
    middle = (middle + (low & 0xffu)) * 134775813u + 1u;
    high = crc_table[(high ^ (middle >> 24)) & 0xffu] ^ (high >> 8);
  }
  keys[0] = low;
  keys[1] = middle;
  keys[2] = high;
}
