"""Progress says what is done and how long the rest may take."""

from __future__ import annotations

import time

from firstlight.app.progress import Progress
from firstlight.cli.main import home_first
from firstlight.cli.progress import describe


def test_time_left_follows_files_and_bytes():
    progress = Progress(stage="reading", files_total=100, bytes_total=1000)
    assert progress.left_s is None
    progress.files_done, progress.bytes_done = 50, 500
    progress.started = time.monotonic() - 10
    assert 9 < (progress.left_s or 0) < 11
    progress.known, progress.new, progress.failed = 1, 2, 3
    text = describe(progress)
    assert "50/100 files" in text
    assert "known 1 / new 2 / failed 3" in text


def test_home_may_stand_anywhere_before_a_double_dash():
    assert home_first(["ingest", "x", "--home", "H"]) == ["--home", "H", "ingest", "x"]
    assert home_first(["find", "--home=H"]) == ["--home=H", "find"]
    assert home_first(["match", "--", "--home", "x"]) == ["match", "--", "--home", "x"]
