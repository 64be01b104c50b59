"""Loading the kernel library, and doing without it."""

from __future__ import annotations

import ctypes.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from firstlight.native import library

HASH_ONE = """
import numpy as np
from firstlight.native.library import is_compiled, kernel
from firstlight.native.pdq import compute_pdq
from firstlight.match.scan import ScanIndex
pixels = np.random.default_rng(3).integers(0, 256, (90, 130, 3), dtype=np.uint8)
codes = np.random.default_rng(4).integers(0, 2**64, (50, 4), dtype=np.uint64)
print(is_compiled(), kernel().route, compute_pdq(pixels).codes.hex())
print([part.tolist() for part in ScanIndex(codes).search(codes[:9], 110)])
"""


def run_hash_one(**environment: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", HASH_ONE],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_the_built_library_serves() -> None:
    found = library.load_kernel(library.library_path())
    assert found.library is not None
    assert found.reason is None
    assert found.route in {"scalar", "popcnt", "avx2", "avx512"}


def test_another_interface_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "ABI_VERSION", library.ABI_VERSION + 1)
    found = library.load_kernel(library.library_path())
    assert found.library is None
    assert found.reason is not None
    assert "interface" in found.reason


def test_a_missing_library_leaves_the_twins(tmp_path: Path) -> None:
    found = library.load_kernel(tmp_path / "_kernel.so")
    assert (found.library, found.route) == (None, "numpy")
    assert str(tmp_path) not in (found.reason or "")


def test_a_file_that_is_no_library_leaves_the_twins(tmp_path: Path) -> None:
    impostor = tmp_path / "_kernel.so"
    impostor.write_bytes(b"not a library")
    assert library.load_kernel(impostor).library is None


def test_a_foreign_library_leaves_the_twins() -> None:
    foreign = ctypes.util.find_library("m")
    if foreign is None:
        pytest.skip("no other library found to try")
    assert library.load_kernel(Path(foreign)).library is None


def test_switching_the_kernel_off_changes_no_result() -> None:
    compiled = run_hash_one(FIRSTLIGHT_NO_KERNEL="0")
    twins = run_hash_one(FIRSTLIGHT_NO_KERNEL="1")
    assert compiled[0].startswith("True ")
    assert twins[0].startswith("False numpy ")
    assert compiled[0].split()[2] == twins[0].split()[2]
    assert compiled[1] == twins[1]
    assert "[[]" not in compiled[1]
