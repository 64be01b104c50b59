"""Scoring: made-up answers against a made-up truth."""

from __future__ import annotations

import base64
from typing import Any

from examples.answer import Answer, read_answer
from examples.camera import read_cameras
from examples.scoring import Score, failing, score_collection, score_leads
from examples.truth import Item, ListedEntry, ListFile, Truth

COLLECTION = b"/case/collection"
ID_A, ID_B, ID_C, ID_D = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)
SERIAL = read_cameras()["tarn"].body_serial


def _truth() -> Truth:
    items = [
        Item(b"laptop/a.jpg", "laptop", "original", digests={"sha256": ID_A, "md5": "0a"}, scene=0,
             reach="within", camera="tarn", known={"List A": "digest"}),
        Item(b"phone/\xff.jpg", "phone", "near-copy", "half-size", digests={"sha256": ID_B},
             scene=0, reach="within", original=b"laptop/a.jpg", known={"List A": "near"}),
        Item(b"phone/c.jpg", "phone", "near-copy", "cropped-5", digests={"sha256": ID_C}, scene=0,
             reach="beyond", original=b"laptop/a.jpg", known={"List A": "near"}),
        Item(b"laptop/d.txt", "laptop", "mislabelled", digests={"sha256": ID_D}, scene=1,
             reach="within", has_mismatch=True),
        Item(b"laptop/cut.zip", "laptop", "archive", "cut-off", digests={"sha256": "e" * 64},
             outcomes=("read", "failed"), codes=("truncated",)),
        Item(b"laptop/old.7z", "laptop", "archive", "7z", digests={"sha256": "f" * 64},
             outcomes=("not-opened",), codes=("not-opened",)),
        Item(b"laptop/pipe", "laptop", "special", "pipe", outcomes=("skipped",)),
    ]  # fmt: skip
    entries = [ListedEntry(0, {"md5": "0a", "pdq": "99"}), ListedEntry(1, {"md5": "0d"})]
    known = ListFile("List A", "lists/a.json", "investigation", None, entries)
    return Truth(7, 800, ("laptop", "phone"), items, [known], [])


def _row(path: bytes, **more: object) -> dict[str, Any]:
    whole = COLLECTION + b"/" + path
    return {"path": "?", "path_b64": base64.b64encode(whole).decode(), **more}


def _match(algorithm: str, entry: str, name: str = "List A") -> dict[str, Any]:
    return {"list": name, "entry": entry, "algorithm": algorithm, "distance_bits": 0}


def _media(media_id: str, path: bytes, **more: Any) -> dict[str, Any]:
    sighting = _row(path, failures=[], named_type=more.pop("named_type", None))
    plain = {"media_id": media_id, "sightings": [sighting], "matches": [], "fingerprints": {}}
    return {**plain, **more}


def _right_media() -> list[dict[str, Any]]:
    data = {"metadata": {"body_serial": SERIAL}}
    return [
        _media(ID_A, b"laptop/a.jpg", matches=[_match("md5", "md5:0A")], fingerprints=data,
               near_copies=[{"media_id": ID_B}]),
        _media(ID_B, b"phone/\xff.jpg", matches=[_match("pdq", "17")],
               near_copies=[{"media_id": ID_A}]),
        _media(ID_C, b"phone/c.jpg", near_copies=[]),
        _media(ID_D, b"laptop/d.txt", named_type="text/plain", near_copies=[]),
    ]  # fmt: skip


def _troubles() -> dict[str, Any]:
    return {
        "failed": [_row(b"laptop/cut.zip!/x.jpg", code="truncated")],
        "not_opened": [_row(b"laptop/old.7z", code="not-opened")],
        "skipped": [_row(b"laptop/pipe", code="not-opened")],
    }


def _answer(media: list[dict[str, Any]]) -> Answer:
    return read_answer(COLLECTION, [{"media": media}], [_troubles()])


def _find(scores: list[Score], part: str, label: str) -> Score:
    return next(row for row in scores if (row.part, row.label) == (part, label))


def test_a_right_answer_is_good_in_every_row() -> None:
    scores = score_collection(_truth(), _answer(_right_media()))
    assert failing(scores) == []
    assert _find(scores, "known by digest", "original").recall == 1
    assert _find(scores, "known by PDQ", "near-copy: half-size").precision == 1
    assert _find(scores, "trouble", "failures named").found == 1


def test_what_is_beyond_reach_is_shown_and_not_required() -> None:
    row = _find(score_collection(_truth(), _answer(_right_media())), "known by PDQ",
                "near-copy: cropped-5")  # fmt: skip
    assert (row.expected, row.found, row.is_required, row.is_good) == (1, 0, False, True)


def test_a_missed_match_is_bad() -> None:
    media = _right_media()
    media[1]["matches"] = []
    bad = failing(score_collection(_truth(), _answer(media)))
    assert [(row.part, row.label) for row in bad] == [("known by PDQ", "near-copy: half-size")]
    assert bad[0].missed == (b"phone/\xff.jpg",)


def test_a_match_of_what_no_list_knows_is_wrong() -> None:
    media = _right_media()
    media[3]["matches"] = [_match("pdq", "99")]
    bad = failing(score_collection(_truth(), _answer(media)))
    assert [row.wrong for row in bad] == [1]


def test_a_match_with_the_entry_of_another_scene_is_wrong() -> None:
    media = _right_media()
    media[0]["matches"].append(_match("md5", "md5:0d"))
    bad = failing(score_collection(_truth(), _answer(media)))
    assert [(row.part, row.wrong) for row in bad] == [("known by digest", 1)]


def test_a_file_that_was_passed_over_is_missed() -> None:
    bad = failing(score_collection(_truth(), _answer(_right_media()[:3])))
    assert ("read", "mislabelled") in {(row.part, row.label) for row in bad}


def test_a_near_copy_of_another_scene_is_wrong() -> None:
    media = _right_media()
    media[3]["near_copies"] = [{"media_id": ID_A}]
    bad = failing(score_collection(_truth(), _answer(media)))
    assert [(row.part, row.wrong) for row in bad] == [("near-copy of its original", 1)]


def test_a_failure_nobody_expected_is_wrong() -> None:
    media = _right_media()
    media[0]["sightings"][0]["failures"] = [{"code": "decode-failed"}]
    row = _find(score_collection(_truth(), _answer(media)), "trouble", "failures named")
    assert (row.found, row.wrong, row.is_good) == (1, 1, False)


def test_a_strange_serial_is_wrong() -> None:
    media = _right_media()
    media[1]["fingerprints"] = {"metadata": {"body_serial": "FL0"}}
    row = _find(score_collection(_truth(), _answer(media)), "metadata", "camera and serial")
    assert (row.found, row.wrong) == (1, 1)


def test_one_camera_across_sources_is_looked_for_by_serial() -> None:
    truth = _truth()
    truth.items.append(Item(b"phone/e.jpg", "phone", "original", camera="tarn"))
    lead = {"kind": "camera-across", "title": f"One camera in 2 sources: TV-D60 {SERIAL}"}
    assert score_leads(truth, [{"leads": [lead]}])[0].is_good
    assert not score_leads(truth, [{"leads": []}])[0].is_good
    assert not score_leads(_truth(), [{"leads": [lead]}])[0].is_good
