"""What exiftool says of a content: its arguments, and its JSON read into tags."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from firstlight.errors import DecodeError
from firstlight.fingerprint.metadata.tag import Tag

EXIFTOOL_FIRST_ARGUMENTS = ("-config", "")
"""Stand before everything else on the command line: no configuration file is read."""

EXIFTOOL_TAG_ARGUMENTS = (
    "-json",
    "-a",  # duplicates too; family 4 below gives each a key of its own
    "-u",  # unknown tags too (long values of theirs are cut by exiftool itself)
    "-G0:1:4",
    "-struct",
    "-e",  # no composite tags: they are exiftool's reckoning, not what stands in the file
    "-c",
    "%+.8f",  # positions as decimal degrees
    "-api",
    "StructFormat=JSONQ",  # numbers as text: "1.10" stays "1.10"
    "-charset",
    "exif=Latin",  # every byte of an Exif text survives; see _restore_text
    "--System:all",  # name, folder, dates and rights are of our descriptor, not of the source
)
"""Asked of every content; the descriptor's path follows. The long-lived program is
``exiftool *FIRST -stay_open True -@ - -common_args *TAGS``, then per content the descriptor's
path and ``-execute``. No ``-fast``: measured on 4 MB photographs it saves nothing, and without
it what stands behind the picture is read too. No ``-ee``: a track inside a video is not walked."""

EXIFTOOL_ARGUMENTS = EXIFTOOL_FIRST_ARGUMENTS + EXIFTOOL_TAG_ARGUMENTS
"""The whole command line for a single call, but for the descriptor's path."""

_COPY = re.compile(r"Copy\d+")
_BINARY = re.compile(r"\(Binary data (\d+) bytes, use -b option to extract\)")
_RESTORED_FAMILIES = frozenset({"EXIF"})
_DROPPED_GROUPS = frozenset({"System"})
_UNSUPPORTED = ("Unknown file type", "File is empty")


@dataclass(frozen=True, slots=True)
class ExiftoolAnswer:
    """What exiftool said of one content.

    Args:
        tags: Every tag, order kept.
        has_error: exiftool itself says that reading failed.
    """

    tags: tuple[Tag, ...]
    has_error: bool


def parse_exiftool(output: bytes) -> ExiftoolAnswer:
    """Read exiftool's JSON for one content.

    Args:
        output: As the program wrote it, never trusted; undecodable bytes are replaced.

    Raises:
        DecodeError: It is not the JSON of one content.
    """
    try:
        parsed = json.loads(
            output.decode("utf-8", "replace"),
            parse_int=str,
            parse_float=str,
            parse_constant=str,
            strict=False,
            object_pairs_hook=list,
        )
    except (ValueError, RecursionError) as error:
        raise DecodeError("exiftool's answer is not JSON") from error
    if not (isinstance(parsed, list) and len(parsed) == 1 and _is_record(parsed[0])):
        raise DecodeError("exiftool's answer is not about one content")
    tags: list[Tag] = []
    has_error = False
    for key, value in parsed[0]:
        if key == "SourceFile":
            continue
        tag = _tag(key, value)
        if tag.group in _DROPPED_GROUPS or tag.name == "ExifToolVersion":
            continue
        if tag.family == "ExifTool" and tag.name == "Error":
            has_error = has_error or not tag.text.startswith(_UNSUPPORTED)
        tags.append(tag)
    return ExiftoolAnswer(tuple(tags), has_error)


def _tag(key: str, value: Any) -> Tag:
    parts = [part for part in key.split(":") if not _COPY.fullmatch(part)]
    name = parts[-1] if parts else key
    family = parts[0] if len(parts) > 1 else ""
    group = parts[1] if len(parts) > 2 else family
    if isinstance(value, list):
        structure = _structure(value)
        text = _list_text(structure)
    else:
        structure = None
        text = _scalar_text(value)
        if family in _RESTORED_FAMILIES:
            text = _restore_text(text)
    return Tag(family, group, name, text, structure)


def _is_record(value: Any) -> bool:
    # Objects arrive as lists of pairs (so that duplicate keys survive); arrays as plain lists.
    return isinstance(value, list) and all(
        isinstance(item, tuple) and len(item) == 2 for item in value
    )


def _structure(value: Any) -> Any:
    if not isinstance(value, list):
        return _scalar_text(value)
    if value and _is_record(value):
        return {key: _structure(part) for key, part in value}
    return [_structure(part) for part in value]


def _list_text(structure: Any) -> str:
    if isinstance(structure, list) and all(isinstance(part, str) for part in structure):
        return "; ".join(structure)
    return json.dumps(structure, ensure_ascii=False)


def _scalar_text(value: Any) -> str:
    if value is None:
        return ""
    text = str(value)
    binary = _BINARY.fullmatch(text)
    return f"(binary, {binary.group(1)} bytes)" if binary else text


def _restore_text(text: str) -> str:
    """Turn a text that was read byte for byte as Latin into UTF-8 where its bytes are that.

    Exif states no encoding. Read as Latin no byte is lost, so that a name in any other
    encoding can still be worked out from what is kept.
    """
    if text.isascii():
        return text
    found = bytearray()
    for char in text:
        try:
            found += char.encode("cp1252")
        except UnicodeEncodeError:
            if ord(char) > 0xFF:
                return text
            found.append(ord(char))
    try:
        return found.decode("utf-8")
    except UnicodeDecodeError:
        return text
