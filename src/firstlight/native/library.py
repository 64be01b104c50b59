"""Loads the C kernels; where they cannot be used, the numpy twins do the same work slower.

``FIRSTLIGHT_NO_KERNEL=1`` in the environment leaves the library alone.
"""

from __future__ import annotations

import ctypes
import os
import sys
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path

ABI_VERSION = 3
"""The number that the library must carry (``FL_ABI_VERSION``)."""

_POINTER, _SIZE, _INT = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32
_SIGNATURES: dict[str, tuple[type | None, list[type]]] = {
    "fl_best_route": (_INT, []),
    "fl_pdq_table": (None, [_POINTER]),
    "fl_pdq": (
        _INT,
        [_POINTER, _SIZE, _SIZE, _INT, _SIZE, _POINTER, _INT, _POINTER, _POINTER, _POINTER],
    ),
    "fl_hamming_page": (
        _SIZE,
        [
            *[_POINTER, _SIZE, _POINTER, _SIZE, _INT, _INT],
            *[_POINTER, _POINTER, _POINTER, _POINTER, _SIZE],
        ],
    ),
    "fl_zip_unlock": (None, [_POINTER, _SIZE, _POINTER, _POINTER]),
}


class Route(IntEnum):
    """Ways through the processor; each includes the ones before it."""

    SCALAR = 0
    POPCNT = 1
    AVX2 = 2
    AVX512 = 3


BEST_ROUTE = max(Route)
"""Allows every route; the kernel takes the best that the processor has."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """What serves the kernel calls in this process.

    Args:
        library: The loaded library, or None when the numpy twins serve.
        route: ``avx512``, ``avx2``, ``popcnt``, ``scalar``, or ``numpy``.
        reason: Why the library is not used; None when it is.
    """

    library: ctypes.CDLL | None
    route: str
    reason: str | None = None


def library_path() -> Path:
    """Return where the built library lies: beside this module."""
    return Path(__file__).with_name("_kernel.dll" if sys.platform == "win32" else "_kernel.so")


def load_kernel(path: Path) -> Kernel:
    """Load a library if it is ours and of this version; never raises.

    Args:
        path: Of the shared library.
    """
    try:
        library = ctypes.CDLL(str(path))
        library.fl_abi_version.restype = _INT
        version = library.fl_abi_version()
        if version != ABI_VERSION:
            return _twins(f"the kernel library has interface {version}, not {ABI_VERSION}")
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError):
        return _twins("the kernel library is missing or is not ours")
    return Kernel(library, Route(library.fl_best_route()).name.lower())


@cache
def kernel() -> Kernel:
    """Return what serves the kernel calls, loading it at the first call.

    Call it once before a process gives up its right to open files.
    """
    if os.environ.get("FIRSTLIGHT_NO_KERNEL", "") not in ("", "0"):
        return _twins("switched off by FIRSTLIGHT_NO_KERNEL")
    return load_kernel(library_path())


def is_compiled() -> bool:
    """Whether the C kernels serve, and not the numpy twins."""
    return kernel().library is not None


def _twins(reason: str) -> Kernel:
    return Kernel(None, "numpy", reason)
