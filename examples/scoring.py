"""Recall and precision of the program's answers against the truth, class by class."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from examples.answer import Answer, Document
from examples.camera import read_cameras
from examples.copies import WITHIN
from examples.truth import DIGEST, NEAR, Item, Truth


@dataclass(slots=True)
class Score:
    """One row of the table.

    Args:
        part: What is asked, for example ``known by PDQ``.
        label: The class of files.
        is_required: Every one must be found; else the share is shown and nothing more.
        expected: Files that should be found.
        found: Of these, how many were.
        wrong: Answers that the truth contradicts.
        missed: Paths of what was not found, and of what was wrong, for people.
    """

    part: str
    label: str
    is_required: bool
    expected: int = 0
    found: int = 0
    wrong: int = 0
    missed: tuple[bytes, ...] = ()

    @property
    def recall(self) -> float | None:
        """Share found; None where nothing was to be found."""
        return self.found / self.expected if self.expected else None

    @property
    def precision(self) -> float | None:
        """Share of the answers that are right; None where there were none."""
        answers = self.found + self.wrong
        return self.found / answers if answers else None

    @property
    def is_good(self) -> bool:
        """Nothing wrong, and nothing missed that is required."""
        return self.wrong == 0 and (self.found == self.expected or not self.is_required)

    def note(self, path: bytes, *, expected: bool, found: bool) -> None:
        """Count one file."""
        self.expected += expected
        self.found += expected and found
        self.wrong += found and not expected
        if expected != found:
            self.missed = (*self.missed, path)


def score_collection(truth: Truth, answer: Answer) -> list[Score]:
    """Compare every answer with the truth.

    Returns:
        Rows in the order in which a reader wants them.
    """
    return [
        *_score_read(truth, answer),
        *_score_known(truth, answer),
        *_score_stacks(truth, answer),
        *_score_metadata(truth, answer),
        *_score_trouble(truth, answer),
    ]


def _score_read(truth: Truth, answer: Answer) -> list[Score]:
    rows: dict[str, Score] = {}
    for item in truth.items:
        if item.outcomes == ("read",) and item.media_id:
            row = rows.setdefault(item.kind, Score("read", item.kind, is_required=True))
            row.note(item.path, expected=True, found=answer.of(item) is not None)
    return list(rows.values())


def _score_known(truth: Truth, answer: Answer) -> list[Score]:
    """Score matches: by digest and by PDQ; a match with a list that knows nothing is wrong."""
    rows: dict[tuple[str, str], Score] = {}
    scenes = _listed_scenes(truth)
    for item in truth.items:
        document = answer.of(item)
        if document is None and not item.known:
            continue
        matches = document["matches"] if document else []
        wrong = [match for match in matches if not _is_right(match, item, scenes)]
        for how, part in ((DIGEST, "known by digest"), (NEAR, "known by PDQ")):
            lists = {name for name, by in item.known.items() if by == how}
            mine = [match for match in wrong if (match["algorithm"] == "pdq") == (how == NEAR)]
            if not lists and not mine:
                continue
            label = item.label if how == NEAR else item.kind
            is_required = how == DIGEST or item.reach == WITHIN
            row = rows.setdefault((part, label), Score(part, label, is_required))
            hit = {match["list"] for match in matches}
            if lists:
                row.note(item.path, expected=True, found=lists <= hit)
            row.wrong += len(mine)
    return sorted(rows.values(), key=lambda row: (row.part, not row.is_required, row.label))


def _listed_scenes(truth: Truth) -> dict[tuple[str, str], int | None]:
    return {
        (listed.name, value): entry.scene
        for listed in truth.lists
        for entry in listed.entries
        for value in entry.hashes.values()
    }


def _is_right(match: Document, item: Item, scenes: dict[tuple[str, str], int | None]) -> bool:
    if match["list"] not in item.known:
        return False
    value = str(match["entry"]).lower().rpartition(":")[2]
    # An entry that names no hash of the list was derived from one; the list's name must do.
    scene = scenes.get((match["list"], value), item.scene)
    return scene == item.scene


def _score_stacks(truth: Truth, answer: Answer) -> list[Score]:
    """Score near-copies of each other, where the documents say them."""
    if answer.near is None:
        return []
    by_path = {item.path: item for item in truth.items}
    scene_of = {item.media_id: item.scene for item in truth.items if item.media_id}
    rows: dict[str, Score] = {}
    for item in truth.items:
        original = by_path.get(item.original) if item.original else None
        if item.media_id is None or item.reach is None:
            continue
        near = answer.near.get(item.media_id, set())
        row = rows.setdefault(
            item.label, Score("near-copy of its original", item.label, item.reach == WITHIN)
        )
        if original is not None and original.media_id != item.media_id:
            row.note(item.path, expected=True, found=original.media_id in near)
        row.wrong += sum(scene_of.get(other) != item.scene for other in near)
    scored = [row for row in rows.values() if row.expected or row.wrong]
    return sorted(scored, key=lambda row: (not row.is_required, row.label))


def _metadata(document: Document) -> Document:
    found: Document = document["fingerprints"].get("metadata") or {}
    return found


def _score_metadata(truth: Truth, answer: Answer) -> list[Score]:
    serial_of = {key: camera.body_serial for key, camera in read_cameras().items()}
    questions: dict[str, tuple[Callable[[Item], bool], Callable[[Document], bool]]] = {
        "place": (
            lambda item: "has-place" in item.findings and item.camera is not None,
            lambda data: bool(data.get("place")),
        ),
        "edit history": (
            lambda item: "edited" in item.findings,
            lambda data: bool(data.get("edit_history")),
        ),
        "thumbnail shows another picture": (
            lambda item: "thumbnail-differs" in item.findings,
            lambda data: data.get("has_differing_thumbnail") is True,
        ),
    }
    rows = [Score("metadata", "camera and serial", is_required=True)]
    rows += [Score("metadata", label, is_required=True) for label in questions]
    for item in truth.items:
        document = answer.of(item)
        if document is None or item.outcomes != ("read",):
            continue
        data = _metadata(document)
        said = data.get("body_serial")
        right = item.camera is not None and said == serial_of[item.camera]
        rows[0].note(item.path, expected=item.camera is not None, found=right)
        rows[0].wrong += said is not None and not right
        for row, (expects, finds) in zip(rows[1:], questions.values(), strict=True):
            # Copies of unknown place keep it: only what the truth is sure of counts as wrong.
            if expects(item) or row.label != "place" or item.camera is None:
                row.note(item.path, expected=expects(item), found=finds(data))
    return rows


def _score_trouble(truth: Truth, answer: Answer) -> list[Score]:
    failures = Score("trouble", "failures named", is_required=True)
    closed = Score("trouble", "not opened", is_required=True)
    skipped = Score("trouble", "links and pipes left alone", is_required=True)
    mismatch = Score("trouble", "content and name disagree", is_required=True)
    for item in truth.items:
        codes = _codes_at(answer, item)
        if item.kind == "special":
            left = "skipped" in answer.listed.get(item.path, ())
            skipped.note(item.path, expected=True, found=left)
        elif item.outcomes == ("not-opened",):
            closed.note(item.path, expected=True, found=bool(codes & set(item.codes)))
        elif item.codes:
            failures.note(item.path, expected=True, found=bool(codes & set(item.codes)))
        elif item.outcomes == ("read",):
            failures.note(item.path, expected=False, found=bool(codes))
        if item.outcomes == ("read",) or item.has_mismatch:
            mismatch.note(
                item.path, expected=item.has_mismatch, found=item.path in answer.mismatched
            )
    return [failures, closed, skipped, mismatch]


def _codes_at(answer: Answer, item: Item) -> set[str]:
    """Return the failures of an item; those of an archive's members speak for the archive."""
    codes = set(answer.codes.get(item.path, ()))
    if item.kind == "archive" and item.codes:
        start = item.path + b"!/"
        for path, more in answer.codes.items():
            if path.startswith(start):
                codes |= more
    return codes


def failing(scores: Iterable[Score]) -> list[Score]:
    """Return the rows that are not as they must be."""
    return [row for row in scores if not row.is_good]


def score_leads(truth: Truth, documents: Iterable[Document]) -> list[Score]:
    """Score the leads that say "one camera in two sources", camera by camera."""
    row = Score("leads", "one camera across cases", is_required=True)
    titles = [
        lead["title"]
        for document in documents
        for lead in document["leads"]
        if lead["kind"] == "camera-across"
    ]
    for key, camera in read_cameras().items():
        sources = {item.source for item in truth.items if item.camera == key}
        found = any(camera.body_serial in title for title in titles)
        row.note(key.encode(), expected=len(sources) > 1, found=found)
    return [row]
