"""The steps that editors recorded, oldest first, as found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from firstlight.fingerprint.metadata.place import find_place_tag
from firstlight.fingerprint.metadata.tag import Tag, keep_text, plain_text

_STEPS_MAX = 200


def read_history(
    tags: Sequence[Tag], program_places: Sequence[str], software: str | None, chars_max: int
) -> tuple[str, ...]:
    """Collect what editors say they did, then the programs that name themselves.

    Args:
        tags: Of one content.
        program_places: Where programs name themselves, see ``typed.toml``.
        software: Already in the typed view, so not repeated.
        chars_max: Longest text of one step.
    """
    steps: list[str] = []
    for tag in tags:
        if tag.family == "XMP" and tag.name == "History":
            steps += _xmp_steps(tag)
        elif tag.family == "JUMBF" and tag.name == "Actions":
            steps += [_step(record, "action", "when", "softwareAgent") for record in _records(tag)]
        elif tag.family == "XMP" and tag.name == "DerivedFrom" and isinstance(tag.structure, dict):
            origin = tag.structure.get("DocumentID") or tag.structure.get("OriginalDocumentID")
            if isinstance(origin, str):
                steps.append(f"derived from document {origin}")
    named = {software}
    for place in program_places:
        program = find_place_tag(tags, place)
        if program is not None and plain_text(program.text) not in named:
            named.add(plain_text(program.text))
            steps.append(f"program named: {plain_text(program.text)} ({program.label})")
    kept: list[str] = []
    for step in steps:
        text = keep_text(plain_text(step), chars_max)
        if text and text not in kept[-1:]:
            kept.append(text)
    return tuple(kept[:_STEPS_MAX])


def _xmp_steps(tag: Tag) -> Iterator[str]:
    if tag.structure is None:
        yield from tag.text.splitlines()  # photoshop:History is one text
        return
    for record in _records(tag):
        yield _step(record, "Action", "When", "SoftwareAgent", "Changed", "Parameters")


def _records(tag: Tag) -> Iterator[dict[str, Any]]:
    found = tag.structure if isinstance(tag.structure, list) else [tag.structure]
    for record in found[:_STEPS_MAX]:
        if isinstance(record, dict):
            yield record


def _step(record: dict[str, Any], action: str, when: str, agent: str, *more: str) -> str:
    program = record.get(agent)
    if isinstance(program, dict):
        program = program.get("name")
    said = [record.get(when), record.get(action), program and f"by {program}"]
    said += [record.get(name) and f"({record[name]})" for name in more]
    return " ".join(part for part in said if isinstance(part, str) and part.strip())
