"""Each kind of lead: when it stands, what it rests on, what it must not say."""

from __future__ import annotations

import dataclasses

import pytest
from tests.unit.link.made_case import (
    BARE,
    LIST_A,
    camera_data,
    case,
    match,
    name_media,
    pair,
    picture,
    taken,
)

from firstlight.model.facts import (
    CameraElsewhere,
    ChildFacts,
    FailureFacts,
    ListFacts,
    SightingFacts,
)
from firstlight.model.hashlist import HashAlgorithm, ListPurpose
from firstlight.model.media import Outcome
from firstlight.triage.leads import build_leads

GOOD = ListFacts("Good", ListPurpose.KNOWN_GOOD, 10, 0, is_trusted=True)


def leads_of(kind, facts):
    return [lead for lead in build_leads(facts) if lead.kind == kind]


def the_lead(kind, facts):
    (lead,) = leads_of(kind, facts)
    return lead


def numbers(lead):
    return [int(media_id, 16) for media_id in lead.media_ids]


def kinds_of(*media, **more):
    return {lead.kind for lead in build_leads(case(*media, **more))}


def good_match():
    return match("Good", purpose=ListPurpose.KNOWN_GOOD, algorithm=HashAlgorithm.SHA1)


def test_an_empty_case_has_no_leads():
    assert build_leads(case()) == []


def test_new_first_generation_says_why_and_what_the_lists_can_see():
    lead = the_lead("new-first-generation", case(picture(1, camera_data())))
    assert "0 of 2,000,000 entries of List A can match near-copies" in lead.limits
    assert dict(lead.evidence)["compared with"] == "List A"
    assert "likely" in lead.why
    assert lead.case_names == ("Case 1",)


@pytest.mark.parametrize(
    "metadata",
    [
        camera_data(local="2001-01-01T00:00:00"),
        camera_data(local=None),
        camera_data(software="Adobe Photoshop 25.0"),
        camera_data(edit_history=("cropped",)),
        camera_data(has_differing_thumbnail=True),
    ],
)
def test_old_undated_or_edited_is_new_with_camera_data_all_the_same(metadata):
    kinds = kinds_of(picture(1, metadata))
    assert "new-camera-data" in kinds
    assert "new-first-generation" not in kinds


@pytest.mark.parametrize("software", ["Ver.1.00", "16.5.1", "Kestrel K1", None, "HDR+ 1.0"])
def test_a_cameras_own_firmware_is_no_editing(software):
    assert "new-first-generation" in kinds_of(picture(1, camera_data(software=software)))


def test_a_time_in_the_future_is_shown_and_lowers_nothing():
    lead = the_lead(
        "new-first-generation", case(picture(1, camera_data(local="2031-01-01T00:00:00")))
    )
    assert dict(lead.evidence)["times that lie in the future: clock wrong"] == "1"


def test_a_match_on_a_list_is_not_new():
    kinds = kinds_of(picture(1, camera_data(), matches=(match(),)))
    assert "known-material" in kinds
    assert not {k for k in kinds if k.startswith("new")}


@pytest.mark.parametrize("lists", [(), (GOOD,)])
def test_without_a_list_that_knows_material_nothing_is_called_new(lists):
    media = [
        picture(1, camera_data(place=(1.5, 2.5))),
        picture(2),
        picture(3, other_case_names=("C",)),
    ]
    facts = case(*media, lists=lists, near_pairs=(pair(1, 2),))
    leads = build_leads(facts)
    assert the_lead("not-checked", facts).title.startswith("Not checked")
    assert "new-first-generation" in {lead.kind for lead in leads}
    for lead in leads:
        text = " ".join((lead.title, lead.why, lead.limits, *map(" ".join, lead.evidence))).lower()
        assert "on no list" not in text
        assert "not known" not in text
    assert any(lead.title.startswith("Not checked against any list") for lead in leads)


def test_media_without_a_usable_hash_are_counted_in_the_limits():
    lead = the_lead(
        "new-no-camera-data",
        case(picture(1), picture(2, pdq_quality=49), picture(3, pdq_quality=None)),
    )
    assert "2 media items here cannot be compared as near-copies" in lead.limits


def test_known_beside_new_in_one_burst():
    media = [
        picture(1, camera_data(local="2026-05-01T10:00:00"), matches=(match(),)),
        picture(2, camera_data(local="2026-05-01T10:00:04")),
        picture(3, camera_data(local="2026-05-01T10:09:00")),
    ]
    lead = the_lead("new-beside-known", case(*media))
    assert numbers(lead) == [1, 2]
    assert build_leads(case(*media))[0].kind == "new-beside-known"
    assert leads_of("new-beside-known", case(*media, near_pairs=(pair(1, 2),))) == []


def test_known_material_is_grouped_and_shows_the_lists_words():
    marks = (("VictimIdentified", "false"), ("Series", "blue"))
    media = [
        picture(1, matches=(match(marks=marks, scheme="Scheme X"),)),
        picture(
            2,
            matches=(
                match(
                    marks=marks,
                    scheme="Scheme X",
                    entry_key="entry-2",
                    algorithm=HashAlgorithm.PDQ,
                    distance_bits=12,
                ),
            ),
        ),
        picture(3, matches=(match(category_code=None),)),
    ]
    first, second = leads_of("known-material", case(*media))
    assert numbers(first) == [1, 2]
    assert "series blue" in first.title
    assert dict(first.evidence)["list says: VictimIdentified"] == "false (2)"
    assert dict(first.evidence)["near matches"] == "1"
    assert dict(first.evidence)["bits apart"] == "12 to 12"
    assert "no category stated" in second.title


def test_a_trusted_known_good_list_puts_aside_and_an_untrusted_one_does_not():
    media = picture(1, camera_data(), matches=(good_match(),))
    assert kinds_of(media, lists=(LIST_A, GOOD)) == {"known-good-pile"}
    distrusted = dataclasses.replace(GOOD, is_trusted=False)
    assert "new-first-generation" in kinds_of(media, lists=(LIST_A, distrusted))
    lead = the_lead("known-good-pile", case(media, lists=(LIST_A, distrusted)))
    assert "nothing put aside" in lead.title


def test_known_good_hides_no_match_and_works_by_sha_only():
    both = picture(1, camera_data(), matches=(good_match(), match()))
    assert "known-material" in kinds_of(both, lists=(LIST_A, GOOD))
    weak = match("Good", purpose=ListPurpose.KNOWN_GOOD, algorithm=HashAlgorithm.MD5)
    by_md5 = picture(2, camera_data(), matches=(weak,))
    assert "new-first-generation" in kinds_of(by_md5, lists=(LIST_A, GOOD))


def test_one_body_in_two_sources_and_another_case():
    media = [picture(1, camera_data()), picture(2, camera_data("fl0001"), source_id=2)]
    elsewhere = (CameraElsewhere("Case 7", "KESTREL", "K1", "FL0001", 3),)
    lead = the_lead("camera-across", case(*media, cameras_elsewhere=elsewhere))
    assert lead.title.startswith("One camera in 2 sources and 1 other case")
    assert lead.case_names == ("Case 1", "Case 7")
    text = str(lead.evidence)
    assert "FL0001 = fl0001" in text
    assert "Kestrel Corporation = KESTREL" in text


def test_leads_of_one_kind_and_weight_come_in_the_order_of_their_media():
    media = [picture(n, camera_data(f"FL{100 - n:04d}")) for n in (1, 3, 2)]
    leads = leads_of("new-first-generation", case(*media))
    assert [numbers(lead) for lead in leads] == [[1], [2], [3]]


def test_one_strong_media_comes_before_many_weak_ones():
    weak = [picture(n, camera_data(None)) for n in range(5)]
    strong = [picture(8, camera_data()), picture(9, camera_data(place=(51.5, -0.1)))]
    leads = leads_of("new-first-generation", case(*weak, *strong))
    assert [numbers(lead) for lead in leads] == [[8, 9], [0, 1, 2, 3, 4]]
    assert leads[0].weight == 4_000_002


def test_a_model_without_serial_links_nothing():
    media = [picture(1, camera_data(None)), picture(2, camera_data("0000"), source_id=2)]
    elsewhere = (CameraElsewhere("Case 7", "Kestrel", "K1", None, 3),)
    assert leads_of("camera-across", case(*media, cameras_elsewhere=elsewhere)) == []


def test_a_lens_on_two_bodies_supports():
    data = {"lens": "Kestrel 35 mm", "lens_serial": "LL7788"}
    media = [picture(1, camera_data("FL0001", **data)), picture(2, camera_data("FL0002", **data))]
    assert numbers(the_lead("shared-lens", case(*media))) == [1, 2]
    assert leads_of("shared-lens", case(media[0])) == []


def test_a_place_states_its_times_uncertainty():
    media = [
        picture(1, camera_data(place=(51.55, -3.25))),
        picture(2, camera_data(place=(0.0, 0.0))),
        picture(3, camera_data(place=(float("nan"), 5.0))),
        picture(4, camera_data(place=(95.0, 5.0))),
    ]
    lead = the_lead("place", case(*media))
    assert numbers(lead) == [1]
    assert "±14 h" in lead.limits
    assert "51.5500, -3.2500 (1)" in dict(lead.evidence).values()


def clocked(number, local, satellite, offset=None):
    clocks = (taken(local, offset), taken(satellite, None, "satellite"))
    return picture(number, camera_data(local=None, clocks=clocks))


def camera_clock(*media):
    return the_lead("camera-clock", case(*media))


def test_a_camera_clock_is_compared_with_satellite_time():
    lead = camera_clock(clocked(1, "2026-05-01T10:00:40", "2026-05-01T08:00:00"))
    assert "zone +02:00, it was 0:00:40 fast" in lead.why
    lead = camera_clock(clocked(1, "2026-05-01T09:59:00", "2026-05-01T08:00:00", "+02:00"))
    assert "Its stated zone is +02:00: it was 0:01:00 slow" in lead.why


def test_a_camera_clock_without_satellite_is_unsure():
    lead = camera_clock(picture(1, camera_data()))
    assert "error is unknown" in lead.why
    assert dict(lead.evidence)["earliest possible, UTC"] == "2026-04-30 20:00:00"
    lead = camera_clock(picture(1, camera_data(offset="+02:00")))
    assert "zone is stated" in lead.why


def test_owners_are_folded_and_nobodies_left_out():
    media = [
        picture(n, camera_data(owner=name))
        for n, name in enumerate(["J. Heron", " j.  HERON ", "Owner", "--", "a\u202eb"])
    ]
    leads = leads_of("owner-name", case(*media))
    assert [numbers(lead) for lead in leads] == [[0, 1], [4]]
    assert "\u202e" not in str(leads)


def test_software_is_told_from_firmware():
    media = [
        picture(1, BARE),
        picture(2, camera_data(software="Ver.1.00")),
        picture(3, camera_data(software="Adobe Photoshop 25.0")),
        picture(4, camera_data(software="Strange Tool")),
    ]
    found = {lead.title: lead.why for lead in leads_of("software-name", case(*media))}
    assert len(found) == 2
    assert (
        "edits or converts"
        in found["Software named in metadata: Adobe Photoshop 25.0 (1 media item)"]
    )


def test_a_better_copy_of_known_material_comes_before_other_better_copies():
    large, small = (
        picture(1, camera_data()),
        picture(2, BARE, size_px=(800, 600), matches=(match(),)),
    )
    facts = case(large, small, near_pairs=(pair(1, 2),))
    assert leads_of("better-original", facts) == []
    lead = the_lead("known-better-copy", facts)
    assert "List A" in lead.title
    assert "keeps camera data, larger picture" in lead.title
    assert "8 bits apart" in str(lead.evidence)
    both_known = case(
        dataclasses.replace(large, matches=(match(),)), small, near_pairs=(pair(1, 2),)
    )
    assert leads_of("known-better-copy", both_known) == []
    assert numbers(the_lead("better-original", both_known)) == [1, 2]
    assert numbers(the_lead("stripped-copy", facts)) == [1, 2]


def test_copies_that_only_a_chain_joins_are_not_compared():
    media = [
        picture(1, size_px=(4000, 3000)),
        picture(2, size_px=(4000, 3000)),
        picture(3, size_px=(800, 600)),
    ]
    lead = the_lead("better-original", case(*media, near_pairs=(pair(1, 2), pair(2, 3))))
    assert numbers(lead) == [2, 3]


def test_one_image_number_on_two_contents():
    number = "c0ffee0000000000c0ffee0000000001"
    media = [picture(n, camera_data(image_unique_id=number)) for n in (1, 2)]
    constant = [picture(n, camera_data(image_unique_id="0" * 32)) for n in (3, 4)]
    assert numbers(the_lead("same-shot", case(*media, *constant))) == [1, 2]


@pytest.mark.parametrize(
    ("name", "platform"),
    [
        (b"IMG-20260101-WA0012.jpg", "WhatsApp"),
        (b"WhatsApp Image 2026-01-01 at 10.00.00.jpeg", "WhatsApp"),
        (b"12345678_123456789012_1234567_n.jpg", "Facebook"),
        (b"FB_IMG_1700000000000.jpg", "Facebook or Messenger"),
        (b"photo_2026-01-01_10-00-00.jpg", "Telegram"),
        (b"signal-2026-01-01-10-00-00-123.jpg", "Signal"),
        (b"Snapchat-123456789.jpg", "Snapchat"),
    ],
)
def test_stripped_media_are_grouped_by_the_names_platforms_give(name, platform):
    lead = the_lead("stripped-metadata", case(picture(1, path=b"/seized/" + name)))
    assert lead.title.startswith(f"No camera data, names as from {platform}:")


def test_metadata_that_were_not_read_are_not_called_stripped():
    assert leads_of("stripped-metadata", case(picture(1, None))) == []
    assert leads_of("stripped-metadata", case(picture(1, BARE, mime="image/png"))) == []
    assert the_lead("stripped-metadata", case(picture(1, BARE))).title.startswith("No camera data")


def test_names_thumbnails_and_cut_files():
    media = [
        picture(1, named_mime="image/gif"),
        picture(2, camera_data(has_differing_thumbnail=True)),
        picture(3, is_truncated=True),
    ]
    facts = case(*media)
    assert numbers(the_lead("content-name-disagree", facts)) == [1]
    assert "image/gif" in the_lead("content-name-disagree", facts).title
    assert numbers(the_lead("thumbnail-differs", facts)) == [2]
    assert numbers(the_lead("truncated", facts)) == [3]


def failure(number, code, **more):
    fields = {"outcome": Outcome.FAILED, "reason": "made", "path": b"/seized/f%d\n" % number}
    return FailureFacts(sighting_id=number, source_id=1, code=code, **{**fields, **more})


def test_failures_are_grouped_by_code_until_a_person_looks():
    failures = (
        failure(1, "encrypted"),
        failure(2, "encrypted", media_id=name_media(2), is_retryable=True),
        failure(3, "encrypted", is_looked_at=True),
        failure(4, "not-opened", outcome=Outcome.NOT_OPENED),
        failure(5, "limit-exceeded", outcome=Outcome.READ),
        failure(6, "brand-new-code"),
    )
    leads = leads_of("failure", case(failures=failures))
    titles = [lead.title for lead in leads]
    assert titles[0] == "2 items locked, looked at by nobody"
    assert "1 item read only in part, looked at by nobody" in titles
    assert len(leads) == 4
    assert numbers(leads[0]) == [2]
    assert "/seized/f1\\x0a" in dict(leads[0].evidence)["items"]


def test_two_failures_of_one_item_count_once():
    failures = (failure(1, "decode-failed"), failure(1, "decode-failed", reason="again"))
    lead = the_lead("failure", case(failures=failures))
    assert lead.title.startswith("1 item not decoded")
    assert dict(lead.evidence)["reasons"] == "again (1); made (1)"


def test_the_same_content_in_another_case():
    lead = the_lead(
        "content-in-other-case", case(picture(1, other_case_names=("Case 3", "Case 1")))
    )
    assert lead.case_names == ("Case 1", "Case 3")


def test_an_unidentified_child_comes_first_with_what_stands_close():
    media = [
        picture(1, camera_data(local="2026-05-01T10:00:00")),
        picture(2, camera_data(None, local=None)),
        picture(3, camera_data(local="2026-05-01T10:00:02")),
        picture(4, camera_data(local="2026-01-01T10:00:00")),
        picture(5),
    ]
    child = ChildFacts("child-1", "unidentified", (name_media(1),))
    facts = case(*media, near_pairs=(pair(1, 2),), children=(child,))
    lead = build_leads(facts)[0]
    assert lead.kind == "unidentified-child"
    assert numbers(lead) == [1, 2, 3, 4]
    assert dict(lead.evidence)["near-copies of those"] == "1"
    assert dict(lead.evidence)["by the same camera body"] == "2"
    safe = dataclasses.replace(child, state="safeguarded")
    assert leads_of("unidentified-child", case(*media, children=(safe,))) == []


def test_a_second_sighting_in_another_source_ties_a_camera_to_both():
    media = picture(1, camera_data())
    two = (*media.sightings, SightingFacts(99, 2, b"/seized/2/copy.jpg"))
    assert numbers(the_lead("camera-across", case(dataclasses.replace(media, sightings=two)))) == [
        1
    ]
