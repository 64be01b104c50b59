"""Pictures with metadata that we write ourselves, and an exiftool that runs once per call."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from firstlight.errors import WorkerLostError
from firstlight.fingerprint.metadata.exiftool import EXIFTOOL_ARGUMENTS
from firstlight.model.ports import ToolOutput

BROUGHT = Path(__file__).parents[4] / "packaging/exiftool/installed/exiftool"


def exiftool_command() -> list[str] | None:
    """The exiftool that the set-up brought, else the system's."""
    if BROUGHT.is_file() and shutil.which("perl"):
        return ["perl", str(BROUGHT)]
    found = shutil.which("exiftool")
    return [found] if found else None


class OneShotTools:
    """Runs exiftool for each content on a descriptor of its own."""

    def __init__(self, command: list[str] | None) -> None:
        self.command = command
        self.answer: bytes | Exception | None = None

    def has(self, program: str) -> bool:
        return program == "exiftool" and (self.command is not None or self.answer is not None)

    def run(
        self,
        program: str,
        arguments: Sequence[str],
        content: bytes | memoryview | int,
        *,
        timeout_s: float,
        output_limit_bytes: int,
    ) -> ToolOutput:
        raise WorkerLostError("not needed here")

    def exiftool(self, content: bytes | memoryview | int, *, timeout_s: float) -> bytes:
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is not None:
            return self.answer
        assert self.command is not None
        with tempfile.TemporaryFile() as held:
            if not isinstance(content, int):
                held.write(content)
                held.flush()
                content = held.fileno()
            done = subprocess.run(
                [*self.command, *EXIFTOOL_ARGUMENTS, f"/proc/self/fd/{content}"],
                pass_fds=[content],
                capture_output=True,
                timeout=timeout_s,
                check=False,
            )
        return done.stdout

    def exiftool_version(self) -> str | None:
        return "13.0" if self.command or self.answer else None


@pytest.fixture
def tools() -> OneShotTools:
    """A real exiftool; skips where there is none."""
    command = exiftool_command()
    if command is None:
        pytest.skip("no exiftool here: run make setup")
    return OneShotTools(command)


@pytest.fixture
def no_tools() -> OneShotTools:
    """No outside programs at all."""
    return OneShotTools(None)


def camera_exif() -> Image.Exif:
    """Exif as a camera writes it, everything that the typed view looks at."""
    exif = Image.Exif()
    exif[0x010F] = "Firstlight Optics"
    exif[0x0110] = "FL-1 Mark II"
    exif[0x0131] = "FL-1 1.10"
    exif[0x0132] = "2024:05:06 07:08:09"
    exif[0x013B] = "J. Müller"
    inner = exif.get_ifd(0x8769)
    inner[0x9003] = "2024:05:06 07:08:09"
    inner[0x9004] = "2024:05:06 07:08:10"
    inner[0x9010] = "+02:00"
    inner[0x9011] = "+02:00"
    inner[0x9012] = "+02:00"
    inner[0x9291] = "07"
    inner[0xA420] = "0123456789abcdef0011223344556677"
    inner[0xA430] = "Keeper of the Camera"
    inner[0xA431] = "FL0001234"
    inner[0xA434] = "FL 24-70mm F2.8"
    inner[0xA435] = "L0099"
    place = exif.get_ifd(0x8825)
    place[1], place[2] = "S", (33.0, 51.0, 30.5)
    place[3], place[4] = "W", (151.0, 12.0, 0.25)
    place[5], place[6] = b"\x01", 12.5
    place[7], place[29] = (5.0, 8.0, 9.5), "2024:05:06"
    return exif


XMP = b"""<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"
 xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
 xmp:CreatorTool="Darkroom 3.1" xmp:ModifyDate="2024-06-01T10:11:12.50-05:00">
<xmpMM:History><rdf:Seq>
<rdf:li stEvt:action="created" stEvt:when="2024-05-06T07:08:09+02:00"/>
<rdf:li rdf:parseType="Resource"><stEvt:action>saved</stEvt:action>
<stEvt:when>2024-06-01T10:11:12-05:00</stEvt:when>
<stEvt:softwareAgent>Darkroom 3.1</stEvt:softwareAgent></rdf:li>
</rdf:Seq></xmpMM:History></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def drawn(form: str, **options: Any) -> bytes:
    """A drawn pattern in one of Pillow's formats, with the camera's Exif unless told else."""
    picture = Image.radial_gradient("L").resize((48, 32)).convert("RGB")
    held = io.BytesIO()
    picture.save(held, form, **{"exif": camera_exif(), **options})
    return held.getvalue()


def with_xmp(jpeg: bytes, packet: bytes = XMP) -> bytes:
    """The JPEG with an XMP segment right behind its start."""
    body = b"http://ns.adobe.com/xap/1.0/\x00" + packet
    return jpeg[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + jpeg[2:]


def _box(kind: bytes, body: bytes) -> bytes:
    return (8 + len(body)).to_bytes(4, "big") + kind + body


def heif(*, inside_idat: bool = False) -> bytes:
    """The least HEIC that carries an Exif and an XMP item (no picture in it)."""
    exif = camera_exif().tobytes()
    items = [(0).to_bytes(4, "big") + exif.removeprefix(b"Exif\x00\x00"), XMP]
    kinds = [b"Exif\x00", b"mime\x00application/rdf+xml\x00"]
    entries = b"".join(
        _box(b"infe", b"\x02\0\0\0" + (n + 1).to_bytes(2, "big") + b"\0\0" + kind)
        for n, kind in enumerate(kinds)
    )
    iinf = _box(b"iinf", b"\0\0\0\0" + (2).to_bytes(2, "big") + entries)
    ftyp = _box(b"ftyp", b"heic\0\0\0\0mif1heic")

    def meta(begin: int) -> bytes:
        offsets = [begin, begin + len(items[0])]
        iloc = b"\x01\0\0\0\x44\x00" + (2).to_bytes(2, "big")
        for n, item in enumerate(items):
            iloc += (n + 1).to_bytes(2, "big") + (1 if inside_idat else 0).to_bytes(2, "big")
            iloc += b"\0\0" + (1).to_bytes(2, "big")
            iloc += offsets[n].to_bytes(4, "big") + len(item).to_bytes(4, "big")
        hdlr = _box(b"hdlr", b"\0" * 8 + b"pict" + b"\0" * 13)
        body = b"\0\0\0\0" + hdlr + iinf + _box(b"iloc", iloc)
        if inside_idat:
            body += _box(b"idat", b"".join(items))
        return _box(b"meta", body)

    if inside_idat:
        return ftyp + meta(0)
    begin = len(ftyp) + len(meta(0)) + 8
    return ftyp + meta(begin) + _box(b"mdat", b"".join(items))


PICTURES: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: drawn("JPEG"),
    "jpeg-xmp": lambda: with_xmp(drawn("JPEG")),
    "tiff": lambda: drawn("TIFF", exif=camera_exif().tobytes()),
    "png": lambda: drawn("PNG"),
    "webp": lambda: drawn("WEBP"),
    "avif": lambda: drawn("AVIF"),
    "heic": heif,
}


@pytest.fixture(params=sorted(PICTURES))
def camera_picture(request: pytest.FixtureRequest) -> bytes:
    """The camera's Exif in each format that the own reader knows."""
    return PICTURES[request.param]()


@pytest.fixture
def make_picture() -> Callable[..., bytes]:
    """Draws a picture: ``make_picture("PNG", pnginfo=...)``."""
    return drawn


@pytest.fixture
def xmp_jpeg() -> bytes:
    """A JPEG with camera Exif and an editor's XMP."""
    return with_xmp(drawn("JPEG"))


@pytest.fixture
def idat_heic() -> bytes:
    """A HEIC whose items lie inside its table."""
    return heif(inside_idat=True)


@pytest.fixture
def descriptor(tmp_path: Path) -> Callable[[bytes], int]:
    """Puts bytes into a file and opens it."""
    opened: list[int] = []

    def opener(content: bytes) -> int:
        path = tmp_path / f"item{len(opened)}"
        path.write_bytes(content)
        opened.append(os.open(path, os.O_RDONLY))
        return opened[-1]

    yield opener  # type: ignore[misc]
    for fd in opened:
        os.close(fd)
