"""The own reader of XMP: names, dates and history out of a packet that may be hostile."""

from __future__ import annotations

import json
import re
from collections import deque
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any
from xml.parsers import expat

from firstlight.errors import DecodeError
from firstlight.fingerprint.metadata.own_view import Findings

_PACKET_MAX_BYTES = 4 << 20
_DEPTH_MAX = 40
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_CONTAINERS = frozenset({f"{_RDF} {name}" for name in ("Seq", "Bag", "Alt")})
_DESCRIPTION, _ITEM, _RESOURCE = f"{_RDF} Description", f"{_RDF} li", f"{_RDF} resource"
_ANGLE = re.compile(r"(\d{1,3}),(\d{1,2}(?:\.\d{1,12})?)(?:,(\d{1,2}(?:\.\d{1,12})?))?([NSEW])")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}:\d{2}.*))?", re.ASCII)
_RATIO = re.compile(r"(-?\d{1,12})/(\d{1,12})")


@dataclass(slots=True)
class _Node:
    name: str
    attributes: dict[str, str]
    children: list[_Node] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


def read_xmp(packet: bytes, found: Findings) -> None:
    """Read an XMP packet's properties into tags.

    A document type declaration is refused, so there are no entities to expand and nothing
    outside to fetch; size, depth and number of elements are bounded.
    """
    if not found.may_read_block():
        return
    found.chars_left -= len(packet)
    if len(packet) > _PACKET_MAX_BYTES or found.chars_left < 0:
        found.fault("an XMP packet is too large")
        return
    try:
        root = _parse(packet, found)
    except DecodeError as error:
        found.fault(error.message)
        return
    for description in _descriptions(root):
        for name, value in _properties(description):
            _add(name, value, found)


def _parse(packet: bytes, found: Findings) -> _Node:
    root = _Node("", {})
    open_nodes = [root]

    def start(name: str, attributes: dict[str, str]) -> None:
        found.nodes_left -= 1 + len(attributes)
        if found.nodes_left < 0 or len(open_nodes) > _DEPTH_MAX:
            raise DecodeError("an XMP packet is too deep or has too many elements")
        node = _Node(name, attributes)
        open_nodes[-1].children.append(node)
        open_nodes.append(node)

    def end(_name: str) -> None:
        open_nodes.pop()

    def text(data: str) -> None:
        open_nodes[-1].texts.append(data)

    def refuse(*_ignored: Any) -> int:
        raise DecodeError("an XMP packet declares a document type, which is refused")

    parser = expat.ParserCreate("utf-8", " ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    try:
        parser.Parse(_text_of(packet).encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise DecodeError("an XMP packet is not well-formed") from error
    return root


def _text_of(packet: bytes) -> str:
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xfe\xff", "utf-16-be"),
        (b"\xff\xfe", "utf-16-le"),
        (b"<\x00", "utf-16-le"),
        (b"\x00<", "utf-16-be"),
    ):
        if packet.startswith(mark):
            text = packet.decode(encoding, "replace").lstrip("\ufeff")
            break
    else:
        text = packet.decode("utf-8", "replace")
    return text.strip("\x00 \t\r\n\ufeff")


def _descriptions(root: _Node) -> list[_Node]:
    # The top-level descriptions only: those inside a property belong to it.
    found: list[_Node] = []
    waiting = deque([root])
    while waiting:
        node = waiting.popleft()
        if node.name == _DESCRIPTION:
            found.append(node)
        else:
            waiting.extend(node.children)
    return found


def _properties(node: _Node) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = [
        (name, value) for name, value in node.attributes.items() if not name.startswith(_RDF)
    ]
    found += [(child.name, _value(child)) for child in node.children]
    return found


def _value(node: _Node) -> Any:
    """Text, list or record; the depth is bounded by the parser."""
    elements = node.children
    if len(elements) == 1 and elements[0].name in _CONTAINERS:
        return [_value(item) for item in elements[0].children if item.name == _ITEM]
    if len(elements) == 1 and elements[0].name == _DESCRIPTION:
        elements = [elements[0]]
        return _record(_properties(elements[0]))
    record = _properties(node)
    if elements or any(name.partition(" ")[0] != _XML for name, _ in record):
        return _record(record)
    if _RESOURCE in node.attributes:
        return node.attributes[_RESOURCE]
    return "".join(node.texts).strip()


_XML = "http://www.w3.org/XML/1998/namespace"


def _record(properties: list[tuple[str, Any]]) -> dict[str, Any]:
    return {
        _name(name): _converted("", value) if isinstance(value, str) else value
        for name, value in properties
        if not name.startswith(_XML)
    }


def _name(qualified: str) -> str:
    local = qualified.rpartition(" ")[2]
    return local[:1].upper() + local[1:]


@cache
def _prefixes() -> dict[str, str]:
    text = files("firstlight.fingerprint.metadata").joinpath("xmp_prefixes.json").read_text("utf-8")
    prefixes: dict[str, str] = json.loads(text)
    return prefixes


def _add(qualified: str, value: Any, found: Findings) -> None:
    space = qualified.rpartition(" ")[0]
    if space == _XML:
        return
    name = _name(qualified)
    group = f"XMP-{_prefixes().get(space, 'other')}"
    if isinstance(value, str):
        found.add("XMP", group, name, _converted(name, value))
    elif isinstance(value, list) and all(isinstance(part, str) for part in value):
        found.add("XMP", group, name, "; ".join(value), value)
    else:
        found.add("XMP", group, name, json.dumps(value, ensure_ascii=False), value)


def _converted(name: str, text: str) -> str:
    """Write dates, positions and heights as exiftool does, so that both readers read alike."""
    date = _DATE.fullmatch(text)
    if date:
        return ":".join(date.groups()[:3]) + (f" {date[4]}" if date[4] else "")
    angle = _ANGLE.fullmatch(text) if name in {"GPSLatitude", "GPSLongitude"} else None
    if angle:
        degrees = int(angle[1]) + float(angle[2]) / 60 + float(angle[3] or 0) / 3600
        return f"{-degrees if angle[4] in 'SW' else degrees:+.8f}"
    ratio = _RATIO.fullmatch(text) if name == "GPSAltitude" else None
    if ratio and int(ratio[2]):
        return f"{int(ratio[1]) / int(ratio[2]):.10g}"
    return text
