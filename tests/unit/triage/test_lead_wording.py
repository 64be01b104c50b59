"""The table of kinds: complete, ordered, in the words of the field; values safe to show."""

from __future__ import annotations

import re
import string

import pytest

from firstlight.errors import FirstlightError, InternalError, every_error
from firstlight.triage.wording import (
    compose,
    counted,
    joined,
    lead_kinds,
    listed,
    most_common,
    ranged,
    read_table,
    shown,
)

PARTS = {"title", "why", "next_step", "limits"}
AVOIDED = re.compile(
    r"pornograph|prostitut|sex tourism|self-generated|consent|willing|victim of her|proves that"
    r"|guilty|offender's victim|certainly|definitely|conclusive",
    re.IGNORECASE,
)


def test_every_kind_has_its_words_and_a_reason_for_its_rank():
    kinds = lead_kinds()
    assert [kind.rank for kind in kinds.values()] == list(range(1, len(kinds) + 1))
    for kind in kinds.values():
        assert set(kind.texts) >= PARTS
        assert kind.ranked_because.endswith(".")
        for part in PARTS - {"title"}:
            assert kind.texts[part].strip()


def test_what_reaches_a_child_comes_before_what_describes_files():
    order = list(lead_kinds())
    assert order[:3] == ["unidentified-child", "new-beside-known", "new-first-generation"]
    assert order.index("new-first-generation") < order.index("known-material")
    assert order[-1] == "known-good-pile"


@pytest.mark.parametrize("table", ["lead_kind.toml", "failure.toml", "gain.toml"])
def test_texts_keep_to_the_terms_of_the_field(table):
    assert not AVOIDED.findall(str(read_table(table)))


def test_templates_are_plain():
    for kind in lead_kinds().values():
        for text in kind.texts.values():
            for _, name, spec, conversion in string.Formatter().parse(text):
                assert name is None or name.isidentifier()
                assert not spec
                assert conversion is None


def test_failure_words_are_for_codes_that_exist():
    codes = {error.code for error in every_error()} | {"skipped", "partly-read", "other"}
    assert set(read_table("failure.toml")) <= codes
    assert issubclass(FirstlightError, Exception)


def test_a_missing_value_is_our_bug():
    with pytest.raises(InternalError, match="place"):
        compose("place", case_name="C", media_ids=[], weight=0, values={}, evidence=[])


def test_braces_in_a_value_are_text():
    lead = compose(
        "not-checked",
        case_name="C",
        media_ids=["b", "a", "b"],
        weight=0,
        values={"media": "{__class__} {0}"},
        evidence=[],
    )
    assert "{__class__} {0}" in lead.title
    assert lead.media_ids == ("a", "b")


def test_text_from_a_source_is_made_safe_to_show():
    assert shown("a\nb\x1b[31m\u202ec") == "a b\\x1b[31m\\u202ec"
    assert shown("\udcff") == "\\xed\\xb3\\xbf"
    assert len(shown("x" * 10_000)) == 160
    assert shown("  \n ") == shown(None) == "not stated"


def test_counts_and_lists_read_well():
    assert counted(1) == "1 media item"
    assert counted(2000, "source") == "2,000 sources"
    assert listed(["b", "a", "b"]) == "a; b"
    assert ranged("640", "640") == "640"
    assert ranged("1", "2") == "1 to 2"
    assert [joined(list("abc"[:n])) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert listed([str(n) for n in range(20)], 2) == "0; 1; and 18 more"
    assert most_common(["b", "a", "b"], 1) == "b (2); and 1 more"
