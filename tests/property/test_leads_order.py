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


def plain_metadata(random):
    """Old camera data without a serial, a place or a name: what shares a lead."""
    return camera_data(None, "2001-05-01T10:00:00", model=random.choice(["K1", "K2", "K3", "K4"]))


def made_metadata(random):
    """Metadata that often agree with those of another media."""
    if random.random() < 0.3:
        return random.choice([None, BARE])
    zone = random.choice([None, None, "+02:00"])
    day = random.choice(["2001-05-01", "2001-05-01", "2026-05-01", "2026-05-01", "2031-05-01"])
    clocks = []
    if random.random() < 0.8:
        clocks.append(taken(f"{day}T10:00:{random.randrange(20):02d}", zone))
    if random.random() < 0.1:
        clocks.append(taken("1999-05-01T08:00:00"))
    if random.random() < 0.3:
        clocks.append(taken("2026-05-01T08:00:00", None, "satellite"))
    return camera_data(
        random.choice(["FL0001", "fl 0001", "FL0002", "FL0003", "0000", None, None, None]),
        None,
        model=random.choice(["Kestrel K1", "K1", "K2", "K3"]),
        place=random.choice([None, None, (51.51, -0.11), (51.59, -0.19), (0.0, 0.0)]),
        clocks=tuple(clocks),
        owner=random.choice([None, None, None, "J. Heron", "j. heron", "owner"]),
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


def made_media(random, number, plain_share):
    metadata = plain_metadata if random.random() < plain_share else made_metadata
    return picture(
        number,
        metadata(random),
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
    plain_share, pair_share = random.choice([0.0, 0.3, 0.8]), random.choice([0.0, 0.2])
    media = [made_media(random, number, plain_share) for number in range(random.randint(1, 12))]
    random.shuffle(media)
    pairs = [
        NearPair(a.media_id, b.media_id, random.randrange(32))
        for i, a in enumerate(media)
        for b in media[i + 1 :]
        if random.random() < pair_share
    ]
    failures = [
        FailureFacts(n, 1, b"/f%d" % n, Outcome.FAILED, random.choice(["encrypted", "odd"]), "made")
        for n in range(random.randrange(4))
    ]
    failures += [
        FailureFacts(
            100 + int(one.media_id, 16),
            1,
            one.sightings[0].path,
            random.choice([Outcome.READ, Outcome.FAILED]),
            random.choice(["truncated", "truncated", "odd"]),
            "made",
            media_id=one.media_id,
            is_looked_at=random.random() < 0.3,
        )
        for one in media
        if random.random() < 0.3
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
    """The case before a media, with its own pairs and failures, was added."""
    return dataclasses.replace(
        facts,
        media=tuple(m for m in facts.media if m.media_id != media_id),
        near_pairs=tuple(p for p in facts.near_pairs if media_id not in (p.media_a, p.media_b)),
        failures=tuple(f for f in facts.failures if f.media_id != media_id),
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


def gathers(lead):
    """Whether a lead gathers cameras that have one or two media each."""
    return lead.kind == "new-camera-data" and " models of camera, " in lead.title


@settings(max_examples=400, deadline=None)
@given(CASES, st.data())
def test_one_media_more_takes_no_lead_away_and_lowers_none(facts, data):
    if not facts.media:
        return
    added = data.draw(st.sampled_from(facts.media)).media_id
    after = build_leads(facts)
    for lead in build_leads(without(facts, added)):
        still = [
            set(other.media_ids)
            for other in after
            if (other.kind, other.rank) == (lead.kind, lead.rank) and other.weight >= lead.weight
        ]
        if gathers(lead):
            # A camera may leave for a lead of its own; whoever stays is lowered by nothing.
            assert set().union(*still) >= set(lead.media_ids)
        else:
            assert any(media_ids >= set(lead.media_ids) for media_ids in still), lead.kind


@settings(max_examples=100, deadline=None)
@given(CASES)
def test_the_lead_that_gathers_cameras_is_the_last_of_its_kind(facts):
    weights = [
        (gathers(lead), lead.weight)
        for lead in build_leads(facts)
        if lead.kind == "new-camera-data"
    ]
    assert all(weight == 0 for is_gathered, weight in weights if is_gathered)


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
