"""Lists, matches and what the answers say when nothing was checked."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest


def sha1(path: Path) -> str:
    return hashlib.sha1(path.read_bytes()).hexdigest()


@pytest.fixture
def known_cat(tmp_path, photos):
    """A list that knows the cat by SHA-1."""
    path = tmp_path / "list.txt"
    path.write_text(sha1(photos / "cat.jpg") + "\n")
    return path


def statuses(home) -> dict[str, str]:
    media = home("find", "--case", "One", "--json").document["media"]
    return {Path(seen["path"]).name: item["status"] for item in media for seen in item["sightings"]}


def test_without_a_list_the_answer_is_not_checked(home, photos):
    home("ingest", str(photos), "--case", "One")
    assert set(statuses(home).values()) == {"not checked"}
    text = home("leads", "--case", "One").out
    assert "not known" not in text
    assert "no list is loaded" in text


def test_a_digest_match_finds_near_copies_through_a_derived_entry(home, photos, known_cat):
    home("ingest", str(photos), "--case", "One")
    imported = home("lists", "import", str(known_cat), "--name", "A", "--purpose", "investigation",
                    "--algorithm", "sha1", "--json").document  # fmt: skip
    assert imported["entries"] == 1
    assert imported["near_copies"] == "0 of 1"
    found = statuses(home)
    for name in ("cat.jpg", "copy.jpg", "smaller.jpg", "mirrored.png"):
        assert found[name] == "known"
    assert found["coffee.png"] == "new"
    media = home("find", "--path", "mirrored.png", "--json").document["media"][0]
    match = media["matches"][0]
    assert match["list"] == "A"
    assert match["algorithm"] == "pdq"
    assert match["variant"] == "mirrored-horizontally"
    assert match["distance_bits"] <= 31
    assert match["origin"] == "derived"
    exact = home("show", sha1(photos / "cat.jpg"), "--json").document["matches"]
    assert [(m["algorithm"], m["distance_bits"], m["origin"]) for m in exact] == [
        ("sha1", 0, "partner")
    ]


def test_the_order_of_list_and_material_does_not_matter(home, photos, known_cat, program, tmp_path):
    def matches(first_list: bool) -> dict[str, list]:
        place = str(tmp_path / f"home-{first_list}")
        steps = [
            ("lists", "import", str(known_cat), "--name", "A", "--purpose", "investigation",
             "--algorithm", "sha1"),
            ("ingest", str(photos), "--case", "One"),
        ]  # fmt: skip
        program("init", FIRSTLIGHT_HOME=place)
        for step in steps if first_list else reversed(steps):
            program(*step, FIRSTLIGHT_HOME=place)
        answer = program("find", "--case", "One", "--json", FIRSTLIGHT_HOME=place)
        return {item["media_id"]: item["matches"] for item in answer.document["media"]}

    assert matches(True) == matches(False)


def test_withdrawing_a_list_takes_its_matches_out_of_force(home, photos, known_cat):
    home("ingest", str(photos), "--case", "One")
    home("lists", "import", str(known_cat), "--name", "A", "--purpose", "removal",
         "--algorithm", "sha1")  # fmt: skip
    assert "known" in statuses(home).values()
    assert home("lists", "withdraw", "A").code == 0
    assert set(statuses(home).values()) == {"not checked"}
    assert home("verify").code == 0


def test_a_newer_version_withdraws_what_it_lacks_and_keeps_history(home, photos, tmp_path):
    path = tmp_path / "list.txt"
    home("ingest", str(photos), "--case", "One")
    path.write_text(f"{sha1(photos / 'cat.jpg')}\n{sha1(photos / 'coffee.png')}\n")
    arguments = ("lists", "import", str(path), "--name", "A", "--purpose", "investigation",
                 "--algorithm", "sha1", "--json")  # fmt: skip
    home(*arguments)
    assert statuses(home)["coffee.png"] == "known"
    path.write_text(f"{sha1(photos / 'cat.jpg')}\n")
    second = home(*arguments).document
    assert (second["version"], second["withdrawn"], second["unchanged"]) == (2, 1, 1)
    assert second["is_in_force_already"] is False
    assert statuses(home)["coffee.png"] == "new"
    third = home(*arguments).document
    assert third["is_in_force_already"] is True
    assert third["version"] == 2


def test_known_good_hides_nothing_until_a_person_trusts_it(home, photos, tmp_path, known_cat):
    good = tmp_path / "good.txt"
    good.write_text(f"{sha1(photos / 'coffee.png')}\n{sha1(photos / 'cat.jpg')}\n")
    home("ingest", str(photos), "--case", "One")
    home("lists", "import", str(known_cat), "--name", "A", "--purpose", "investigation",
         "--algorithm", "sha1")  # fmt: skip
    home("lists", "import", str(good), "--name", "G", "--purpose", "known-good",
         "--algorithm", "sha1")  # fmt: skip
    found = statuses(home)
    assert found["coffee.png"] == "new"
    assert len(home("find", "--status", "known-good", "--json").document["media"]) == 1
    assert found["cat.jpg"] == "known"
    coffee = home("find", "--path", "coffee.png", "--json").document["media"][0]["media_id"]

    def in_leads() -> bool:
        leads = home("leads", "--case", "One", "--json").document["leads"]
        return any(
            coffee == item["media_id"]
            for lead in leads
            if not lead["kind"].startswith("known-good")
            for item in lead["media"]
        )

    assert in_leads()
    assert home("lists", "trust", "G", "--note", "checked").code == 0
    assert not in_leads()
    assert statuses(home)["coffee.png"] == "known-good"
    assert len(home("find", "--status", "known-good", "--json").document["media"]) == 1
    home("lists", "distrust", "G")
    assert in_leads()
    assert home("lists", "trust", "A").code == 2


def test_match_looks_up_files_and_hashes_without_taking_in(home, photos, known_cat, tmp_path):
    home("lists", "import", str(known_cat), "--name", "A", "--purpose", "investigation",
         "--algorithm", "sha1")  # fmt: skip
    document = home("match", str(photos / "cat.jpg"), str(photos / "coffee.png"), "--json").document
    assert [len(result["matches"]) for result in document["results"]] == [1, 0]
    hashes = tmp_path / "hashes.txt"
    hashes.write_text(f"{sha1(photos / 'coffee.png')}\n{sha1(photos / 'cat.jpg')}\nzz\n")
    answer = home("match", "--hashes", str(hashes), "--algorithm", "sha1", "--json")
    assert answer.code == 3
    found = [result["matches"] for result in answer.document["results"]]
    assert [len(matches) for matches in found[:2]] == [0, 1]
    assert found[2] is None
    assert answer.document["failed"][0]["path"] == "line 3"
    assert home("match", "--hashes", str(hashes)).code == 2
    assert home("case", "--json").document["cases"] == []


def test_bad_rows_are_listed_and_the_rest_goes_in(home, tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("a" * 40 + "\nnot a hash\n" + "b" * 40 + "\n")
    answer = home("lists", "import", str(path), "--name", "A", "--purpose", "removal",
                  "--algorithm", "sha1", "--json")  # fmt: skip
    assert answer.code == 3
    assert answer.document["entries"] == 2
    assert [row["row"] for row in answer.document["bad_rows"]] == [2]
    shown = home("lists", "show", "A", "--json").document["bad_row_list"]
    assert [row["row"] for row in shown] == [2]


def test_sixty_four_digits_are_never_guessed(home, tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("a" * 64 + "\n")
    answer = home("lists", "import", str(path), "--name", "A", "--purpose", "removal")
    assert answer.code == 2
    assert "--algorithm" in answer.err
    assert home("lists", "--json").document["lists"] == []


def test_vics_keeps_null_apart_from_zero(home, photos, tmp_path):
    media = [
        {"MediaID": n, "MD5": hashlib.md5(name.encode()).hexdigest(), "Category": category}
        for n, (name, category) in enumerate([("a", None), ("b", 0), ("c", 1)])
    ]
    media[2]["MD5"] = hashlib.md5((photos / "cat.jpg").read_bytes()).hexdigest().upper()
    document = {
        "@odata.context": "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/"
        "CUSTOM/$metadata#Media",
        "value": media,
    }
    path = tmp_path / "vics.json"
    path.write_text(json.dumps(document))
    home("ingest", str(photos), "--case", "One")
    answer = home("lists", "import", str(path), "--name", "V", "--purpose", "investigation",
                  "--json")  # fmt: skip
    assert answer.code == 0
    assert answer.document["entries"] == 3
    match = home("find", "--path", "cat.jpg", "--json").document["media"][0]["matches"][0]
    assert match["category"] == "1"
    assert "CUSTOM" in match["scheme"]


def test_a_purpose_does_not_change_under_a_name(home, photos, known_cat):
    home("ingest", str(photos), "--case", "One")
    arguments = ("lists", "import", str(known_cat), "--name", "A", "--algorithm", "sha1")
    home(*arguments, "--purpose", "investigation")
    answer = home(*arguments, "--purpose", "known-good")
    assert answer.code == 2
    assert "investigation" in answer.err
    assert statuses(home)["mirrored.png"] == "known"


def test_an_update_says_what_it_did(home, photos, tmp_path):
    path = tmp_path / "list.txt"
    path.write_text(f"{sha1(photos / 'cat.jpg')}\n")
    arguments = ("lists", "import", str(path), "--name", "A", "--purpose", "investigation",
                 "--algorithm", "sha1")  # fmt: skip
    home(*arguments)
    path.write_text(f"{sha1(photos / 'cat.jpg')}\n{sha1(photos / 'coffee.png')}\n")
    text = home(*arguments).out
    assert "nothing was added" not in text
    assert "version 2" in text


def test_trust_ends_with_a_newer_version(home, photos, tmp_path):
    path = tmp_path / "good.txt"
    path.write_text(f"{sha1(photos / 'cat.jpg')}\n")
    arguments = ("lists", "import", str(path), "--name", "G", "--purpose", "known-good",
                 "--algorithm", "sha1")  # fmt: skip
    home(*arguments)
    home("lists", "trust", "G")
    assert home("lists", "--json").document["lists"][0]["is_trusted"] is True
    path.write_text(f"{sha1(photos / 'coffee.png')}\n")
    home(*arguments)
    assert home("lists", "--json").document["lists"][0]["is_trusted"] is False


@pytest.mark.parametrize("name", ["", " ", "\x1b[2Jx"])
def test_a_list_has_a_printable_name(home, known_cat, name):
    answer = home("lists", "import", str(known_cat), "--name", name, "--purpose", "removal",
                  "--algorithm", "sha1")  # fmt: skip
    assert answer.code == 2
