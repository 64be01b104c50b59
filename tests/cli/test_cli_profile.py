"""``init --profile`` and ``profile``: what a home may keep, set for a reason, shown as it is."""

from __future__ import annotations

import pytest

BASIS = "Police Act, section 12"


def test_home_is_hash_only_unless_asked(program):
    assert program("init", "--json").document["profile"] == "hash-only"
    shown = program("profile", "--json").document
    assert (shown["profile"], shown["keeps_originals"]) == ("hash-only", False)
    assert shown["legal_basis"] is None


@pytest.mark.parametrize(
    "options",
    [
        ("--profile", "holder"),
        ("--profile", "holder", "--legal-basis", " "),
        ("--keep-originals",),
        ("--profile", "everything"),
    ],
)
def test_holder_states_by_what_right(program, tmp_path, options):
    answer = program("init", *options)
    assert answer.code == 2
    assert not (tmp_path / "home").exists()


def test_existing_home_is_not_silently_another(program):
    assert program("init").code == 0
    assert program("init", "--profile", "hash-only").code == 0
    answer = program("init", "--profile", "holder", "--legal-basis", BASIS)
    assert answer.code == 2
    assert "there already" in answer.err
    assert program("profile", "--json").document["profile"] == "hash-only"


def test_profile_is_switched_used_and_switched_back(program, photos):
    assert program("init").code == 0
    holder = ("profile", "holder", "--legal-basis", BASIS, "--keep-originals")
    refused = program(*holder)
    assert refused.code == 2
    assert "--reason" in refused.err
    assert program(*holder, "--reason", "court order 7").code == 0
    assert program("ingest", "--case", "One", str(photos)).code in (0, 3)
    shown = program("profile", "--json").document
    assert shown["legal_basis"] == BASIS
    assert shown["kept"]["derivatives"]["count"] == 5
    assert shown["kept"]["originals"]["count"] >= 5
    assert {row["case"] for row in shown["cases"]} == {"One"}
    assert "derivative" in program("profile", "--kept").out
    back = program("profile", "hash-only", "--reason", "the law changed")
    assert "--erase-kept" in back.out
    gone = program("profile", "hash-only", "--erase-kept", "--reason", "the law changed", "--json")
    assert gone.document["erased"] == sum(part["count"] for part in shown["kept"].values())
    assert gone.document["kept"]["originals"]["count"] == 0
    assert program("verify").code == 0


def test_options_without_a_profile_are_refused(home):
    for option in (("--erase-kept",), ("--keep-originals",), ("--legal-basis", BASIS)):
        assert home("profile", *option).code == 2
    answer = home(
        "profile", "holder", "--legal-basis", BASIS, "--erase-kept", "--reason", "x", "--json"
    )
    assert answer.document["error"]["code"] == "usage"
