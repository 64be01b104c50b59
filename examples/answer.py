"""What the program said of a collection, rebuilt from its JSON documents."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from examples.truth import Item

Document = dict[str, Any]
TROUBLE_LISTS = ("failed", "not_opened", "skipped")


@dataclass(slots=True)
class Answer:
    """What was said, by path relative to the collection.

    Args:
        media: Documents of ``find --json``, by path and media id.
        near: Near-copies of a media id; None where the documents do not say.
        codes: Failures recorded for a path.
        mismatched: Paths whose name claims another type.
        listed: Paths that any list of troubles names, with the name of that list.
    """

    media: dict[tuple[bytes, str], Document] = field(default_factory=dict)
    near: dict[str, set[str]] | None = None
    codes: dict[bytes, set[str]] = field(default_factory=dict)
    mismatched: set[bytes] = field(default_factory=set)
    listed: dict[bytes, set[str]] = field(default_factory=dict)

    def of(self, item: Item) -> Document | None:
        """Return what was said of one item's content at its place."""
        return None if item.media_id is None else self.media.get((item.path, item.media_id))


def read_answer(
    collection: bytes, finds: Iterable[Document], ingests: Iterable[Document]
) -> Answer:
    """Put together the answers of ``find --case --json`` and ``ingest --json``.

    Args:
        collection: Absolute path of the collection.
    """
    answer = Answer()
    for document in finds:
        for media in document["media"]:
            _add_media(answer, collection, media)
    for document in ingests:
        for name in TROUBLE_LISTS:
            for row in document.get(name, ()):
                path = _relative(collection, row)
                answer.listed.setdefault(path, set()).add(name)
                if name != "skipped":
                    answer.codes.setdefault(path, set()).add(row["code"])
    return answer


def _add_media(answer: Answer, collection: bytes, media: Document) -> None:
    media_id = media["media_id"]
    if "near_copies" in media:
        answer.near = answer.near or {}
        answer.near.setdefault(media_id, set()).update(
            row["media_id"] for row in media["near_copies"]
        )
    for sighting in media["sightings"]:
        path = _relative(collection, sighting)
        answer.media[path, media_id] = media
        codes = {failure["code"] for failure in sighting.get("failures", ())}
        if codes:
            answer.codes.setdefault(path, set()).update(codes)
        if sighting.get("named_type"):
            answer.mismatched.add(path)


def _relative(collection: bytes, row: Document) -> bytes:
    path = base64.b64decode(row["path_b64"])
    start = collection.rstrip(b"/") + b"/"
    return path.removeprefix(start) if path.startswith(start) else os.path.basename(path)
