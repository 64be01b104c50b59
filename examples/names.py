"""Names of files: what people and platforms give, and what breaks a careless program."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from examples.coding import CODINGS

WORDS = ("view", "harbour", "bits", "untitled", "scan", "wall", "new", "pic", "stuff", "img")

HOSTILE_NAMES: dict[str, bytes] = {
    "not-utf-8": b"caf\xe9 \xff\xfe.jpg",
    "another-code-page": "фото".encode("cp1251") + b".jpg",
    "shift-jis": "海の写真".encode("shift_jis") + b".jpg",
    "right-to-left": "تصویر שלום.jpg".encode(),
    "turned-round": "harbour\u202egpj.scr.jpg".encode(),
    "very-long": b"a" * 251 + b".jpg",
    "very-long-wide": "海".encode() * 83 + b".jpg",
    "newline": b"first line\nsecond line.jpg",
    "carriage-return": b"one\r\ntwo.jpg",
    "terminal-control": b"\x1b[2J\x1b]0;title\x07red\x1b[31m.jpg",
    "leading-dash": b"-rf.jpg",
    "long-option": b"--help.jpg",
    "option-lines": b"a.jpg\n-if\nsystem(chr(58))\n-o\nx.jpg",
    "shell-text": b"$(touch x); `id` | tee 'q\".jpg",
    "format-text": b"%s%n{0}{input}%(path)s.jpg",
    "inner-joint": b"a.zip!",
    "spaces": b"   .jpg ",
    "tab": b"tab\there.jpg",
    "dot-file": b".hidden.jpg",
    "no-ending": b"no ending at all",
    "two-endings": b"holiday.jpg.txt.jpg",
    "composed": "é.jpg".encode(),
    "decomposed": "e\u0301.jpg".encode(),
    "zero-width": "har\u200bbour\ufeff.jpg".encode(),
    "wide-planes": "🗻🌊.jpg".encode(),
    "device-name": b"CON.jpg",
    "backslash": b"..\\..\\up.jpg",
    "markup": b"<img src=x onerror=alert(1)>.jpg",
    "formula": b"=1+1.jpg",
}
"""Names that a source may hold, by what is wrong with them. Slashes can't stand in a name."""


def hostile_path(sort: str) -> bytes:
    """Return the path of a hostile name below its source."""
    name = HOSTILE_NAMES[sort]
    return b"odd/a.zip!/inside.jpg" if sort == "inner-joint" else b"odd/" + name


def copy_name(
    rng: np.random.Generator, kind: str, variant: str, original: bytes, number: int
) -> str:
    """Name a copy as people do: renamed, counted, or with an ending of its coding."""
    if kind == "exact-copy":
        stem, _, ending = original.rsplit(b"/", 1)[-1].decode().rpartition(".")
        forms = (
            f"Copy of {stem} {number}.{ending}",
            f"{stem} ({number}).{ending}",
            f"{rng.choice(WORDS)}{number:05d}.{ending.lower()}",
        )
        return str(rng.choice(forms))
    if kind == "edited":
        return f"{rng.choice(WORDS)}_edit_{number:05d}.jpg"
    ending = CODINGS[variant].ending if kind == "coding" else "jpg"
    return f"{rng.choice(WORDS)}-{number:05d}.{ending}"


def platform_name(rng: np.random.Generator, platform: str, taken: datetime, number: int) -> str:
    """Name a picture in the way of a kind of platform."""
    later = taken + timedelta(days=int(rng.integers(0, 20)))
    if platform == "messenger":
        return f"IMG-{later:%Y%m%d}-WA{number:04d}.jpg"
    if platform == "network":
        parts = rng.integers(10**8, 10**9, 3)
        return f"{parts[0]}_{parts[1]}{number:05d}_{parts[2]}_n.jpg"
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz0123456789-_"
    if platform == "board":
        return "".join(rng.choice(list(letters), 10)) + f"{number:05d}.jpg"
    return f"{rng.bytes(4).hex()}-{rng.bytes(2).hex()}-4{rng.bytes(3).hex()[:3]}-{number:012x}.jpg"
