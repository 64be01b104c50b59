"""Good files of every kind that is read, small and drawn, for the campaign to make bad ones of.

What needs a program of the system is made where it is there; ``missing`` says what is not.
"""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import shutil
import struct
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import zstandard
from examples.compound import write_compound
from examples.disk_ewf import write_ewf
from examples.disk_fat import FatFile, write_fat
from examples.document import (
    Packed,
    make_docx,
    make_mail,
    make_mailbox,
    make_odt,
    make_pdf,
    make_phone_report,
)
from examples.heic import has_heic_encoder, write_heic
from examples.locked import ZipLocking, make_7z, make_locked_zip
from examples.thumbnail_store import (
    make_imgcache,
    make_quicklook,
    make_thumbcache,
    make_thumbdata,
    make_thumbs_db,
)
from PIL import Image
from skimage import data
from tests.unit.intake.archive_making import make_tar, make_zip

RAR_SAMPLES = Path(__file__).parent.parent / "unit" / "intake" / "rar_samples.json"
PASSWORD = b"harbour"
PICTURE = Image.fromarray(data.coffee()).resize((192, 128))
CLIPS = {
    "clip.mp4": ("-c:v", "mpeg4"),
    "clip.mov": ("-c:v", "mjpeg"),
    "clip.avi": ("-c:v", "mpeg4"),
    "clip.mkv": ("-c:v", "mpeg4"),
    "clip.mpg": ("-c:v", "mpeg1video"),
}
DISK_BYTES = {"fat": 4 << 20, "ext4": 1 << 20, "ntfs": 2 << 20}

missing: list[str] = []
Samples = Iterator[tuple[str, bytes]]


def encode(form: str, image: Image.Image = PICTURE, **options: object) -> bytes:
    """Code a picture, with Exif where the form has a place for it."""
    if form in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF"):
        exif = Image.Exif()
        exif[0x010F], exif[0x0112] = "Maker", 6
        if form == "JPEG":
            exif.get_ifd(0x8825)[2] = (50.0, 30.0, 10.0)
        options["exif"] = exif
    held = io.BytesIO()
    image.save(held, form, **options)
    return held.getvalue()


JPEG = encode("JPEG")
FILES = [
    ("a.jpg", JPEG),
    ("sub/b.png", encode("PNG", PICTURE.resize((64, 40)))),
    ("notes.txt", b"the boat in the harbour\n" * 40),
]


def make_samples() -> dict[str, bytes]:
    """Make every sample that can be made here, by the name that its file carries."""
    samples: dict[str, bytes] = {}
    for make in (pictures, archives, documents, clips, disks, thumbnail_stores):
        samples.update(make())
    return samples


def pictures() -> Samples:
    """Pictures of every coding that is read."""
    moving = [PICTURE.rotate(angle) for angle in (0, 20, 40)]
    paged = [image.copy() for image in moving]  # a coder leaves its settings in what it codes
    forms: list[tuple[str, str, Image.Image, dict[str, object]]] = [
        ("a.jpg", "JPEG", PICTURE, {}),
        ("progressive.jpg", "JPEG", PICTURE, {"progressive": True}),
        ("cmyk.jpg", "JPEG", PICTURE.convert("CMYK"), {}),
        ("grey.jpg", "JPEG", PICTURE.convert("L"), {}),
        ("pages.mpo", "MPO", PICTURE.copy(), {"save_all": True, "append_images": paged}),
        ("a.png", "PNG", PICTURE, {}),
        ("palette.png", "PNG", PICTURE.quantize(64), {}),
        ("moving.png", "PNG", PICTURE, {"save_all": True, "append_images": moving}),
        ("a.gif", "GIF", PICTURE, {"save_all": True, "append_images": moving}),
        ("a.webp", "WEBP", PICTURE, {}),
        ("moving.webp", "WEBP", PICTURE, {"save_all": True, "append_images": moving}),
        ("a.tif", "TIFF", PICTURE, {}),
        ("lzw.tif", "TIFF", PICTURE, {"compression": "tiff_lzw"}),
        ("jpeg.tif", "TIFF", PICTURE, {"compression": "jpeg"}),
        ("pages.tif", "TIFF", PICTURE, {"save_all": True, "append_images": moving}),
        ("a.bmp", "BMP", PICTURE, {}),
        ("a.jp2", "JPEG2000", PICTURE, {}),
        ("a.avif", "AVIF", PICTURE, {"speed": 10}),
        ("a.ico", "ICO", PICTURE, {"sizes": [(128, 85)]}),
        ("a.pcx", "PCX", PICTURE, {}),
        ("a.tga", "TGA", PICTURE, {}),
        ("a.ppm", "PPM", PICTURE, {}),
        ("a.sgi", "SGI", PICTURE, {}),
        ("a.dds", "DDS", PICTURE, {}),
        ("a.icns", "ICNS", PICTURE, {}),
    ]
    for name, form, image, options in forms:
        yield name, encode(form, image, **options)
    yield "a.dng", raw_picture()
    yield "head.psd", b"8BPS" + bytes(400)
    if has_heic_encoder():
        yield "a.heic", write_heic(PICTURE)
    else:
        missing.append("HEIC: no ffmpeg with libx265 here")


def raw_picture() -> bytes:
    """A raw picture's directory with a preview in it."""
    first = struct.pack("<H", 3)
    first += struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    first += struct.pack("<HHII", 0x0201, 4, 1, 50)
    first += struct.pack("<HHII", 0x0202, 4, 1, len(JPEG))
    return b"II*\x00" + struct.pack("<I", 8) + first + bytes(4) + JPEG


def archives() -> Samples:
    """Archives of every kind that is opened, nested and locked ones among them."""
    tar, packed = make_tar(FILES), make_zip(FILES)
    yield "stored.zip", make_zip([*FILES, ("inner.zip", packed)], zipfile.ZIP_STORED)
    yield "nested.zip", make_zip([*FILES, ("inner.tar", tar)])
    yield "bzip2.zip", make_zip(FILES, zipfile.ZIP_BZIP2)
    yield "lzma.zip", make_zip(FILES, zipfile.ZIP_LZMA)
    for locking in (ZipLocking(PASSWORD), ZipLocking(PASSWORD, aes_bits=256)):
        name = "locked-aes.zip" if locking.aes_bits else "locked-old.zip"
        yield name, make_locked_zip(FILES, locking)
    yield "a.tar", make_tar([*FILES, ("inner.zip", packed)])
    yield "gnu.tar", make_tar([("x" * 300, b"1"), *FILES], tarfile.GNU_FORMAT)
    yield "a.tar.gz", gzip.compress(tar)
    yield "a.tar.bz2", bz2.compress(tar)
    yield "a.tar.xz", lzma.compress(tar)
    yield "a.tar.zst", zstandard.compress(tar)
    yield "a.7z", make_7z(FILES)
    yield "locked.7z", make_7z(FILES, PASSWORD.decode())
    for name, text in json.loads(RAR_SAMPLES.read_text("utf-8")).items():
        yield f"{name}.rar", base64.b64decode(text)
    yield "hidden.7z", make_7z(FILES, PASSWORD.decode(), is_header_locked=True)


def documents() -> Samples:
    """Documents, mail and a phone report that hold pictures."""
    attached = [(name.encode(), content) for name, content in FILES]
    message = make_mail(attached)
    packed: dict[str, Packed] = {
        "a.pdf": make_pdf([JPEG, encode("JPEG", PICTURE.convert("L"))], attached),
        "a.docx": make_docx(attached),
        "a.odt": make_odt(attached),
        "a.ufdr": make_phone_report(attached),
        "a.eml": message,
        "a.mbox": make_mailbox([message, make_mail([(b"inner.eml", message.content)])]),
    }
    for name, made in packed.items():
        yield name, made.content
    held = io.BytesIO()
    PICTURE.save(held, "PDF", save_all=True, append_images=[PICTURE.quantize(16)])
    yield "drawn.pdf", held.getvalue()
    blip = struct.pack("<HHI16sB", 0x46A0, 0xF01D, 17 + len(JPEG), bytes(16), 0xFF) + JPEG
    yield "a.doc", write_compound({("WordDocument",): bytes(2000), ("Data",): blip})
    yield "a.ppt", write_compound({("PowerPoint Document",): bytes(99), ("Pictures",): blip})


def clips() -> Samples:
    """Two seconds of a test pattern in several containers."""
    if shutil.which("ffmpeg") is None:
        missing.append("clips: no ffmpeg here")
        return
    with tempfile.TemporaryDirectory() as folder:
        for name, options in CLIPS.items():
            path = Path(folder) / name
            pattern = "testsrc=size=96x64:rate=25:duration=2"
            run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", pattern, *options, str(path))
            yield name, path.read_bytes()


def disks() -> Samples:
    """Small disk images with files on them, one of them deleted."""
    makers: dict[str, tuple[str, Callable[[Path, Path], None]]] = {
        "fat": ("sh", make_fat), "ext4": ("debugfs", make_ext4), "ntfs": ("ntfscp", make_ntfs),
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = folder / "files"
        (files / "sub").mkdir(parents=True)
        for file, content in FILES:
            (files / file).write_bytes(content)
        for kind, (needed, make) in makers.items():
            if shutil.which(needed) is None:
                missing.append(f"disk image {kind}: no {needed} here")
                continue
            image = folder / f"{kind}.dd"
            with image.open("wb") as file:
                file.truncate(DISK_BYTES[kind])
            make(image, files)
            yield image.name, image.read_bytes()
            if kind == "fat":
                yield "parted.dd", with_partition_table(image.read_bytes())
                (first,) = write_ewf(image, folder / "fat.E01")
                yield first.name, first.read_bytes()


def make_fat(image: Path, files: Path) -> None:
    """Make a FAT file system; one file on it is deleted."""
    listed = [
        FatFile(name, content, datetime(2026, 3, 1, tzinfo=UTC), is_deleted=name == "a.jpg")
        for name, content in FILES
    ]
    with image.open("r+b") as file:
        write_fat(file, 0, DISK_BYTES["fat"], listed, cluster_bytes=512)


def make_ext4(image: Path, files: Path) -> None:
    """Make an ext4 file system with e2fsprogs."""
    run("mke2fs", "-q", "-t", "ext4", "-d", str(files), str(image))
    run("debugfs", "-w", "-R", "rm a.jpg", str(image))


def make_ntfs(image: Path, files: Path) -> None:
    """Make an NTFS file system with ntfs-3g's programs."""
    run("mkfs.ntfs", "-q", "-F", "-f", str(image))
    for file in ("a.jpg", "notes.txt"):
        run("ntfscp", "-q", str(image), str(files / file), file)


def with_partition_table(volume: bytes) -> bytes:
    """Put a volume behind an MBR."""
    entry = struct.pack("<B3sB3sII", 0, b"\0\0\0", 6, b"\0\0\0", 8, len(volume) // 512)
    return bytes(446) + entry + bytes(48) + b"\x55\xaa" + bytes(7 * 512) + volume


def thumbnail_stores() -> Samples:
    """Stores of thumbnails, as systems keep them."""
    files = [(name.encode(), content) for name, content in FILES[:2]]
    yield "Thumbs.db", make_thumbs_db(files).content
    for version in (0x14, 0x15, 0x20):
        yield f"thumbcache_{version}.db", make_thumbcache(files, version).content
    yield "a.thumbdata", make_thumbdata(files).content
    yield "imgcache.0", make_imgcache(files).content
    yield "index.sqlite", make_quicklook([("a", 8, 6, bytes(range(192)))])[0]


def companions() -> dict[str, bytes]:
    """Files that samples look for beside them, by the names that they look for."""
    return {"thumbnails.data": make_quicklook([("a", 8, 6, bytes(range(192)))])[1]}


def run(*command: str) -> None:
    """Run a program that makes a sample."""
    subprocess.run(command, check=True, capture_output=True, timeout=60)
