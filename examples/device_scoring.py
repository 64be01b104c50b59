"""What the program said of the drawn device, against its truth."""

from __future__ import annotations

from examples.answer import Answer
from examples.device import ABSENT, ENCRYPTED, IMAGE_NAME, DeviceItem, DeviceTruth
from examples.scoring import Score

PART = "device"
IMAGE_START = IMAGE_NAME.removesuffix("01").encode()


def score_device(truth: DeviceTruth, answer: Answer, *, has_passwords: bool = True) -> list[Score]:
    """Compare each entry with its digest, its allocation and its failure; nothing else may be said.

    Args:
        answer: Of ``read_answer`` with the folder of the image.
        has_passwords: Whether the unit's list was given.
    """
    rows: dict[str, Score] = {}
    for item in truth.items:
        code = item.code if has_passwords else item.code_without
        row = rows.setdefault(item.kind, Score(PART, item.kind, is_required=True))
        is_there = code != ABSENT
        found = _is_found(item, code, answer) if is_there else _is_named(item, answer)
        row.note(item.path.encode(), expected=is_there, found=found)
    other = Score(PART, "entries that are not there", is_required=True)
    named = {path for path, _ in answer.media} | set(answer.listed)
    extra = named - {item.path.encode() for item in truth.items}
    # Other places of the same content, in other cases, are no claim about this image.
    for path in sorted(one for one in extra if one.startswith(IMAGE_START)):
        other.note(path, expected=False, found=True)
    return [*rows.values(), other]


def _is_named(item: DeviceItem, answer: Answer) -> bool:
    path = item.path.encode()
    return path in answer.listed or any(path == one for one, _ in answer.media)


def _is_found(item: DeviceItem, code: str | None, answer: Answer) -> bool:
    """Say whether place, digest, allocation and failure are what the truth says."""
    path = item.path.encode()
    is_skipped = "skipped" in answer.listed.get(path, ())
    if is_skipped != (item.kind == "link"):
        return False
    if not is_skipped and answer.codes.get(path, set()) != ({code} if code else set()):
        return False
    if item.sha256 is None or (item.is_member and code == ENCRYPTED):
        return path in answer.listed and not any(path == one for one, _ in answer.media)
    document = answer.media.get((path, item.sha256))
    return document is not None and item.allocation in {
        place["allocation"]
        for place in document["sightings"]
        if place["path"].endswith("/" + item.path)
    }
