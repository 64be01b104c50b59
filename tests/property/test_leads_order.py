"""Leads: the order of facts makes no difference, and one media more takes nothing away."""

from __future__ import annotations

import dataclasses
from random import Random

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


def made_metadata(random):
    """Metadata that often agree with those of another media."""
    if random.random() < 0.3:
        return random.choice([None, BARE])
    zone = random.choice([None, None, "+02:00"])
    day = random.choice(["2001-05-01", "2026-05-01", "2026-05-01"])
    clocks = []
    if random.random() < 0.8:
        clocks.append(taken(f"{day}T10:00:{random.randrange(20):02d}", zone))
    if random.random() < 0.3:
        clocks.append(taken("2026-05-01T08:00:00", None, "satellite"))
    return camera_data(
        random.choice(["FL0001", "fl 0001", "FL0002", "FL0003", "0000", None]),
        None,
        place=random.choice([None, (51.51, -0.11), (51.59, -0.19), (0.0, 0.0)]),
        clocks=tuple(clocks),
        owner=random.choice([None, None, "J. Heron", "j. heron", "owner"]),
        software=random.choice([None, None, "Ver.1.0", "GIMP 3", "Strange"]),
        lens="35 mm",
        lens_serial=random.choice([None, "LL7788"]),
        image_unique_id=random.choice([None, "abc123ef00"]),
        edit_history=random.choice([(), (), ("cropped",)]),
        has_differing_thumbnail=random.choice([None, None, True, False]),
    )


def made_matches(random):
    if random.random() < 0.5:
        return ()
    return tuple(random.sample(MATCHES, random.randint(1, 2)))


def made_media(random, number):
    return picture(
        number,
        made_metadata(random),
        source_id=random.randint(1, 2),
        path=b"/seized/" + random.choice(NAMES) % number,
        mtime_ns=random.choice([None, *(n * 1_000_000_000 for n in range(1, 60, 4))]),
        size_px=random.choice([(4000, 3000), (1000, 750), (1000, 1000)]),
        matches=made_matches(random),
        named_mime=random.choice([None, None, "image/gif"]),
        is_truncated=random.random() < 0.2,
        pdq_quality=random.choice([None, 10, 100]),
        other_case_names=random.choice([(), (), ("Case 7",)]),
    )


def made_case(seed):
    """A case full of coincidences, all of it drawn from the seed."""
    random = Random(seed)
    media = [made_media(random, number) for number in range(random.randint(1, 12))]
    random.shuffle(media)
    pairs = [
        NearPair(a.media_id, b.media_id, random.randrange(32))
        for i, a in enumerate(media)
        for b in media[i + 1 :]
        if random.random() < 0.2
    ]
    failures = [
        FailureFacts(n, 1, b"/f%d" % n, Outcome.FAILED, random.choice(["encrypted", "odd"]), "made")
        for n in range(random.randrange(4))
    ]
    return case(
        *media,
        lists=random.choice([(), LISTS, LISTS]),
        near_pairs=tuple(pairs),
        failures=tuple(failures),
        cameras_elsewhere=(CameraElsewhere("Case 7", "Kestrel", "K1", "FL0001", 2),),
        children=(ChildFacts("child-1", "unidentified", (name_media(0),)),),
        burst_gap_s=random.choice([2.0, 6.0, 15.0]),
    )


# Drawn whole from one seed: drawn field by field, few things would ever coincide.
CASES = st.integers(0, 2**32).map(made_case)


def without(facts, media_id):
    """The case before a media, with its own pairs, was added."""
    return dataclasses.replace(
        facts,
        media=tuple(m for m in facts.media if m.media_id != media_id),
        near_pairs=tuple(p for p in facts.near_pairs if media_id not in (p.media_a, p.media_b)),
    )


@settings(max_examples=250, deadline=None)
@given(CASES, st.randoms())
def test_the_order_of_facts_makes_no_difference(facts, random):
    mixed = {}
    for name in ("media", "sources", "lists", "near_pairs", "failures"):
        values = list(getattr(facts, name))
        random.shuffle(values)
        mixed[name] = tuple(values)
    assert build_leads(dataclasses.replace(facts, **mixed)) == build_leads(facts)


@settings(max_examples=250, deadline=None)
@given(CASES, st.data())
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
@given(CASES)
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
@given(CASES)
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
