"""Runs the program as its user does: as a process of its own, with a home of its own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from skimage import data


@dataclass(frozen=True)
class Answer:
    """What one call of the program gave."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Program = Callable[..., Answer]


def caller(place: Path) -> Program:
    """Call the program with the home in a folder."""

    def call(*arguments: str | bytes, **environment: str) -> Answer:
        env = {**os.environ, "FIRSTLIGHT_HOME": str(place / "home"), **environment}
        done = subprocess.run(
            [sys.executable, "-m", "firstlight", *arguments],
            env=env,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    return call


def quick_caller(place: Path) -> Program:
    """Call the program in this process: for many calls of which none opens workers."""
    from firstlight.cli.main import run

    def call(*arguments: str, **environment: str) -> Answer:
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            for name, text in {"FIRSTLIGHT_HOME": str(place / "home"), **environment}.items():
                patch.setenv(name, text)
            with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
                run(list(arguments))
        return Answer(int(ended.value.code or 0), out.getvalue(), err.getvalue())

    return call


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Call the program with a fresh home."""
    return caller(tmp_path)


@pytest.fixture
def home(program: Program) -> Program:
    """The program with an initialised home."""
    assert program("init").code == 0
    return program


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small folder of photographs without people, with copies and trouble."""
    folder = tmp_path_factory.mktemp("photos")
    cat = Image.fromarray(data.chelsea())
    cat.save(folder / "cat.jpg", quality=92)
    (folder / "sub").mkdir()
    (folder / "sub" / "copy.jpg").write_bytes((folder / "cat.jpg").read_bytes())
    cat.resize((320, 213)).save(folder / "smaller.jpg", quality=80)
    cat.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "mirrored.png")
    Image.fromarray(data.coffee()).save(folder / "coffee.png")
    whole = (folder / "cat.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.jpg").touch()
    (folder / "words.jpg").write_text("no picture at all")
    (folder / "notes.txt").write_text("nothing")
    (folder / "disk.cab").write_bytes(b"MSCF" + bytes(64))
    return folder
