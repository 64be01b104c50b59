"""Leads: the order of facts makes no difference, and one media more takes nothing away."""

from __future__ import annotations

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.link.made_case import (
    BARE,
    LIST_A,
    camera_data,
    case,
    match,
    name_media,
    picture,
    taken,
)

from firstlight.model.facts import CameraElsewhere, ChildFacts, FailureFacts, ListFacts, NearPair
from firstlight.model.hashlist import HashAlgorithm, ListPurpose
from firstlight.model.media import Outcome
from firstlight.triage.leads import build_leads

LISTS = (
    LIST_A,
    ListFacts("List B", ListPurpose.REMOVAL, 5, 5),
    ListFacts("Good", ListPurpose.KNOWN_GOOD, 5, 0, is_trusted=True),
    ListFacts("Fair", ListPurpose.KNOWN_GOOD, 5, 0),
)
MATCHES = (
    match(),
    match("List B", purpose=ListPurpose.REMOVAL, category_code=None),
    match(algorithm=HashAlgorithm.PDQ, distance_bits=9, marks=(("Series", "blue"),)),
    match("Good", purpose=ListPurpose.KNOWN_GOOD),
    match("Fair", purpose=ListPurpose.KNOWN_GOOD, algorithm=HashAlgorithm.SHA1),
)
NAMES = (b"IMG_%d.jpg", b"IMG-20260101-WA%04d.jpg", b"x%d.gif")


@st.composite
def metadata(draw):
    if draw(st.booleans()):
        return draw(st.sampled_from([None, BARE]))
    clocks = [
        taken(
            f"{draw(st.sampled_from([2001, 2026]))}-05-01T10:00:{draw(st.integers(0, 30)):02d}",
            draw(st.sampled_from([None, "+02:00"])),
        )
        for _ in range(draw(st.integers(0, 1)))
    ]
    if draw(st.booleans()):
        clocks.append(taken("2026-05-01T08:00:00", None, "satellite"))
    return camera_data(
        draw(st.sampled_from(["FL0001", "fl 0001", "0000", None])),
        None,
        place=draw(st.sampled_from([None, (51.51, -0.11), (51.59, -0.19), (0.0, 0.0)])),
        clocks=tuple(clocks),
        owner=draw(st.sampled_from([None, "J. Heron", "j. heron", "owner"])),
        software=draw(st.sampled_from([None, "Ver.1.0", "GIMP 3", "Strange"])),
        lens=draw(st.sampled_from([None, "35 mm"])),
        lens_serial=draw(st.sampled_from([None, "LL7788"])),
        image_unique_id=draw(st.sampled_from([None, "abc123ef00"])),
        edit_history=draw(st.sampled_from([(), ("cropped",)])),
        has_differing_thumbnail=draw(st.sampled_from([None, True, False])),
    )


@st.composite
def cases(draw):
    media = [
        picture(
            number,
            draw(metadata()),
            source_id=draw(st.integers(1, 2)),
            path=b"/seized/" + draw(st.sampled_from(NAMES)) % number,
            mtime_ns=draw(st.sampled_from([None, 1_000_000_000, 5_000_000_000])),
            size_px=draw(st.sampled_from([(4000, 3000), (1000, 750), (1000, 1000)])),
            matches=tuple(draw(st.lists(st.sampled_from(MATCHES), max_size=2, unique=True))),
            named_mime=draw(st.sampled_from([None, "image/gif"])),
            is_truncated=draw(st.booleans()),
            pdq_quality=draw(st.sampled_from([None, 10, 100])),
            other_case_names=draw(st.sampled_from([(), ("Case 7",)])),
        )
        for number in range(draw(st.integers(0, 7)))
    ]
    ids = [m.media_id for m in media]
    pairs = [
        NearPair(a, b, draw(st.integers(0, 31)))
        for i, a in enumerate(ids)
        for b in ids[i + 1 :]
        if draw(st.integers(0, 3)) == 0
    ]
    failures = [
        FailureFacts(
            n, 1, b"/f%d" % n, Outcome.FAILED, draw(st.sampled_from(["encrypted", "odd"])), "made"
        )
        for n in range(draw(st.integers(0, 2)))
    ]
    return case(
        *media,
        lists=draw(st.sampled_from([(), LISTS])),
        near_pairs=tuple(pairs),
        failures=tuple(failures),
        cameras_elsewhere=(CameraElsewhere("Case 7", "Kestrel", "K1", "FL0001", 2),),
        children=(ChildFacts("child-1", "unidentified", (name_media(0),)),),
    )


def without(facts, media_id):
    """The case before a media, with its own pairs, was added."""
    return dataclasses.replace(
        facts,
        media=tuple(m for m in facts.media if m.media_id != media_id),
        near_pairs=tuple(p for p in facts.near_pairs if media_id not in (p.media_a, p.media_b)),
    )


@settings(max_examples=150, deadline=None)
@given(cases(), st.randoms())
def test_the_order_of_facts_makes_no_difference(facts, random):
    mixed = {}
    for name in ("media", "sources", "lists", "near_pairs", "failures"):
        values = list(getattr(facts, name))
        random.shuffle(values)
        mixed[name] = tuple(values)
    assert build_leads(dataclasses.replace(facts, **mixed)) == build_leads(facts)


@settings(max_examples=150, deadline=None)
@given(cases(), st.data())
def test_one_media_more_takes_no_lead_away_and_lowers_none(facts, data):
    if not facts.media:
        return
    added = data.draw(st.sampled_from(facts.media)).media_id
    after = build_leads(facts)
    for lead in build_leads(without(facts, added)):
        assert any(
            other.kind == lead.kind
            and other.rank == lead.rank
            and other.weight >= lead.weight
            and set(other.media_ids) >= set(lead.media_ids)
            for other in after
        ), lead.kind


@settings(max_examples=100, deadline=None)
@given(cases())
def test_every_new_picture_is_in_exactly_one_kind_of_new_lead(facts):
    kinds = ("new-first-generation", "new-camera-data", "new-no-camera-data")
    leads = build_leads(facts)
    found = [{i for lead in leads if lead.kind == kind for i in lead.media_ids} for kind in kinds]
    aside = {
        m.media_id
        for m in facts.media
        if any(x.list_purpose is not ListPurpose.KNOWN_GOOD for x in m.matches)
        or (facts.lists and any(x.list_name == "Good" for x in m.matches))
    }
    assert sum(map(len, found)) == len(set().union(*found))
    assert set().union(*found) == {m.media_id for m in facts.media} - aside


@settings(max_examples=100, deadline=None)
@given(cases())
def test_leads_are_sorted_and_complete(facts):
    leads = build_leads(facts)
    assert [(x.rank, -x.weight) for x in leads] == sorted((x.rank, -x.weight) for x in leads)
    for lead in leads:
        assert lead.title
        assert lead.limits
        assert lead.next_step
        assert lead.evidence
        assert list(lead.media_ids) == sorted(set(lead.media_ids))
        assert "{" not in lead.title + lead.why + lead.limits + lead.next_step
