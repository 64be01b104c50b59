"""Just enough DER to put the certificates of a time stamp into their order.

Services send them in the order of the chain; DER wants a set sorted, and strict readers refuse
anything else. The certificates of a CMS message are not signed, so that sorting changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

_SEQUENCE, _CONTEXT_0 = 0x30, 0xA0


def with_sorted_certificates(response: bytes) -> bytes:
    """Sort the certificates of a time stamp response; what is not of that form stays as it is.

    Source: RFC 3161, section 2.4.2; RFC 5652, section 5.1.
    """
    try:
        start, end = _certificates(response)
        parts = [response[first:last] for _, first, _, last in _elements(response, start, end)]
    except (ValueError, IndexError, StopIteration):
        return response
    return response[:start] + b"".join(sorted(parts)) + response[end:]


def _certificates(data: bytes) -> tuple[int, int]:
    """Find where the certificates of the signed data begin and end."""
    bounds = _inner(data, 0, len(data), 0, _SEQUENCE)  # TimeStampResp
    bounds = _inner(data, *bounds, 1, _SEQUENCE)  # its token: ContentInfo
    bounds = _inner(data, *bounds, 1, _CONTEXT_0)  # its content
    bounds = _inner(data, *bounds, 0, _SEQUENCE)  # SignedData
    return _inner(data, *bounds, 3, _CONTEXT_0)


def _inner(data: bytes, start: int, end: int, place: int, tag: int) -> tuple[int, int]:
    for number, (found, _, first, last) in enumerate(_elements(data, start, end)):
        if number == place and found == tag:
            return first, last
    raise ValueError("no such element")


def _elements(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Give tag, start, start of content and end of each element."""
    while start < end:
        tag, size, content = data[start], data[start + 1], start + 2
        if size & 0x80:
            count = size & 0x7F
            if not 1 <= count <= 4:
                raise ValueError("a length that DER has not")
            size = int.from_bytes(data[content : content + count], "big")
            content += count
        if content + size > end:
            raise ValueError("an element is longer than what holds it")
        yield tag, start, content, content + size
        start = content + size
