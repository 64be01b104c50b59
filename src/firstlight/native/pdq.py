"""PDQ of decoded pixels: the C kernel, or its numpy twin where there is none."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from firstlight.errors import FingerprintShapeError, InternalError
from firstlight.native.library import BEST_ROUTE, kernel
from firstlight.native.pdq_twin import VARIANT_COUNT, PdqNumbers, compute_by_numpy

_TABLE_FLOATS = 1024


def compute_pdq(pixels: NDArray[np.uint8], *, route_max: int = BEST_ROUTE) -> PdqNumbers:
    """Compute the eight PDQ codes of one picture from its full-size pixels, in one pass.

    Args:
        pixels: Grey or RGB; rows may stand any distance apart.
        route_max: Highest way through the processor that may be taken.
    Shapes: pixels (h, w) or (h, w, 3) uint8, h and w at least 1.
    Raises:
        FingerprintShapeError: Another shape or dtype.
    Cost: one or two multiplications a pixel; memory for two rows of floats.
    Source: PDQ: luminance, two box blurs each way, 64 x 64 samples, 16 x 16 of their cosine
        transform compared with its median. Below 5 pixels a side the reference gives 256 zero
        bits of quality 0; so do we.
    """
    rows = with_dense_rows(pixels)
    library = kernel().library
    if library is None:
        return compute_by_numpy(rows)
    codes = np.empty(VARIANT_COUNT * 32, dtype=np.uint8)
    quality = np.zeros(1, dtype=np.int32)
    spread = np.zeros(1, dtype=np.float32)
    failed = library.fl_pdq(
        rows.ctypes.data,
        rows.shape[0],
        rows.shape[1],
        3 if rows.ndim == 3 else 1,
        rows.strides[0],
        _table().ctypes.data,
        int(route_max),
        codes.ctypes.data,
        quality.ctypes.data,
        spread.ctypes.data,
    )
    if failed:
        raise MemoryError
    return PdqNumbers(codes.tobytes(), int(quality[0]), float(spread[0]))


def with_dense_rows(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Check shape and dtype, and copy only where a row's bytes do not lie side by side.

    Raises:
        FingerprintShapeError: Another shape or dtype than (h, w) or (h, w, 3) uint8.
    """
    is_picture = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    if pixels.dtype != np.uint8 or not is_picture or 0 in pixels.shape:
        shape = "x".join(str(size) for size in pixels.shape)
        raise FingerprintShapeError(f"PDQ takes uint8 (h, w) or (h, w, 3), not {shape}")
    dense = (3, 1) if pixels.ndim == 3 else (1,)
    return pixels if pixels.strides[1:] == dense else np.ascontiguousarray(pixels)


@cache
def _table() -> NDArray[np.float32]:
    library = kernel().library
    if library is None:
        raise InternalError("the kernel's table was asked for without a kernel")
    table = np.empty(_TABLE_FLOATS, dtype=np.float32)
    library.fl_pdq_table(table.ctypes.data)
    table.flags.writeable = False
    return table
