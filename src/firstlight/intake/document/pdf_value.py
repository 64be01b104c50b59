"""Values of PDF dictionaries: references followed, wrong types taken for missing."""

from __future__ import annotations

from typing import Any, Final

_SHORT_NAMES: Final = {
    "/A85": "/ASCII85Decode", "/AHx": "/ASCIIHexDecode", "/CCF": "/CCITTFaxDecode",
    "/DCT": "/DCTDecode", "/Fl": "/FlateDecode", "/LZW": "/LZWDecode", "/RL": "/RunLengthDecode",
}  # fmt: skip
_FILTERS_MAX: Final = 8


def resolve(value: Any) -> Any:
    """Follow a reference to what it names."""
    return value.get_object() if hasattr(value, "get_object") else value


def value_of(dictionary: Any, *keys: str) -> Any:
    """Take the first value that stands under one of the keys; None when there is none."""
    for key in keys:
        if isinstance(dictionary, dict) and key in dictionary:
            return resolve(dictionary.get(key))
    return None


def number(dictionary: Any, default: int, *keys: str) -> int:
    """Take a whole number."""
    value = value_of(dictionary, *keys)
    return int(value) if isinstance(value, int | float) else default


def array(value: Any) -> list[Any]:
    """Take an array, its references followed; a single value as an array of one."""
    if value is None:
        return []
    return [resolve(part) for part in value] if isinstance(value, list) else [value]


def filters_of(dictionary: Any) -> list[tuple[str, Any]]:
    """List the filters of a stream, in the order of undoing, with their parameters."""
    names = array(value_of(dictionary, "/Filter", "/F"))[:_FILTERS_MAX]
    parameters = array(value_of(dictionary, "/DecodeParms", "/DP"))
    found = []
    for place, name in enumerate(names):
        own = parameters[place] if place < len(parameters) else None
        text = str(name)
        found.append((_SHORT_NAMES.get(text, text), own if isinstance(own, dict) else {}))
    return found
