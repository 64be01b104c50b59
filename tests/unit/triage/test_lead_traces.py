"""Leads on traces: cameras, places, clocks, names, copies, what was stripped."""

from __future__ import annotations

import dataclasses
import re

import pytest
from tests.unit.link.made_case import (
    BARE,
    camera_data,
    case,
    match,
    pair,
    picture,
    taken,
)
from tests.unit.triage.found_leads import leads_of, numbers, the_lead

from firstlight.link import edition
from firstlight.model.facts import (
    CameraElsewhere,
    SightingFacts,
)
from firstlight.model.fingerprint import Place
from firstlight.triage.clock_error import explain_distance
from firstlight.triage.wording import read_table


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
    assert "several cameras" not in lead.limits
    lead = camera_clock(clocked(1, "2026-05-01T09:59:00", "2026-05-01T08:00:00", "+02:00"))
    assert "read in its stated zone, was 0:01:00 slow (median of 1)" in lead.why


def test_zones_that_change_with_the_season_are_no_error():
    lead = camera_clock(
        clocked(1, "2026-01-01T11:00:00", "2026-01-01T10:00:00", "+01:00"),
        clocked(2, "2026-05-01T12:00:00", "2026-05-01T10:00:00", "+02:00"),
        clocked(3, "2026-05-01T14:00:00", "2026-05-01T12:00:00"),
    )
    assert "right to the second (median of 2)" in lead.why
    assert "differs" not in lead.why


def test_a_clock_a_day_behind_names_no_zone_that_is_not():
    ids = range(9)
    lead = camera_clock(
        *(clocked(n, f"2008-10-22T16:28:3{n}", f"2008-10-23T14:27:0{n}") for n in ids)
    )
    assert "stood 21:58:30 behind (median of 9)" in lead.why
    assert "zone +02:00 with the date set 1 day too early; beside that it was 0:01:30" in lead.why
    assert "-22:00" not in lead.why + str(lead.evidence)


def test_a_clock_that_changes_is_said_to():
    lead = camera_clock(
        clocked(1, "2026-05-01T10:00:00", "2026-05-01T08:00:00"),
        clocked(2, "2026-05-02T11:00:00", "2026-05-02T08:00:00"),
    )
    assert "differs by up to 1:00:00" in lead.why


def test_of_cameras_that_are_not_stated_no_one_clock_is_told():
    clocks = (taken("2026-05-01T10:00:00"), taken("2026-05-01T08:00:00", None, "satellite"))
    lead = camera_clock(picture(1, dataclasses.replace(BARE, clocks=clocks)))
    assert "cameras that are not stated" in lead.title
    assert "median" not in lead.why
    assert "several cameras" in lead.limits


def test_a_clock_of_which_nothing_can_be_said_makes_no_lead():
    for offset in (None, "+02:00"):
        assert leads_of("camera-clock", case(picture(1, camera_data(offset=offset)))) == []
    lead = camera_clock(
        picture(1, camera_data()), picture(2, camera_data(local="2031-01-01T00:00:00"))
    )
    assert numbers(lead) == [1, 2]
    assert "1 time lies in the future" in lead.why
    assert dict(lead.evidence)["earliest possible, UTC"] == "2026-04-30 20:00:00"
    torn = camera_data(
        local=None, clocks=(taken("2005-05-01T10:00:00"), taken("2008-05-01T10:00:00"))
    )
    assert "two times of taking that cannot both be right" in camera_clock(picture(3, torn)).why


@pytest.mark.parametrize(
    ("ahead_s", "text"),
    [
        (0, "stood level"),
        (14 * 3600 + 60, "zone +14:00, it was 0:01:00 fast"),
        (-12 * 3600 - 60, "zone -12:00, it was 0:01:00 slow"),
        (5 * 3600 + 45 * 60, "zone +05:45, it was right to the second"),
        (26 * 3600, "zone +02:00 with the date set 1 day too late; beside that it was right"),
        (-46 * 3600, "zone +02:00 with the date set 2 days too early; beside that"),
        (15 * 3600 + 1800, "fast by 1 hour to 1 day 4 hours, depending on the zone"),
        (-400 * 86_400, "slow by 399 days 12 hours to 400 days 14 hours, depending on"),
    ],
)
def test_only_zones_that_exist_are_named(ahead_s, text):
    told = explain_distance([float(ahead_s)])
    assert text in told
    for hours, minutes in re.findall(r"zone ([+-]\d\d):(\d\d)", told):
        assert -12 <= int(hours) + int(minutes) / 60 * (1 if hours[0] == "+" else -1) <= 14


def test_a_place_is_named_by_the_median_and_says_how_far_it_spreads():
    spots = [(51.51, -0.11), (51.52, -0.12), (51.59, -0.12)]
    media = [picture(n, camera_data(place=spot)) for n, spot in enumerate(spots)]
    lead = the_lead("place", case(*media))
    assert lead.title == "Stated place near 51.5200, -0.1200: 3 media items"
    assert (
        dict(lead.evidence)["spread of the positions"]
        == "over 8,906 m from south to north and 693 m from west to east"
    )
    alone = the_lead("place", case(picture(1, camera_data(place=(-0.00001, 5.0)))))
    assert "near 0.0000, 5.0000" in alone.title
    assert dict(alone.evidence)["spread of the positions"] == "one position"


def test_one_height_and_one_second_are_written_once():
    places = [Place(51.5, -0.1, altitude_m=640.2), Place(51.5, -0.1, altitude_m=639.9)]
    media = [
        picture(n, dataclasses.replace(camera_data(local=f"2026-05-01T10:00:00.{n}"), place=spot))
        for n, spot in enumerate(places)
    ]
    evidence = dict(the_lead("place", case(*media)).evidence)
    assert evidence["height"] == "640 m"
    assert evidence["times"].startswith("2026-05-01 10:00:00, as the clock showed")


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


def test_a_better_copy_is_described_by_its_own_gains_only():
    edited = picture(2, camera_data(edit_history=("crop",)))
    lead = the_lead(
        "better-original", case(picture(1, camera_data()), edited, near_pairs=(pair(1, 2),))
    )
    assert "has no editing recorded where another has (1 pair)" in lead.why
    text = lead.why + lead.limits
    for other in ("larger", "Larger", "camera data", "crop", "show more"):
        assert other not in text
    small = picture(3, size_px=(800, 600), is_truncated=True, matches=(match(),))
    facts = case(picture(1), small, near_pairs=(pair(1, 3),))
    lead = the_lead("known-better-copy", facts)
    assert "is larger than another (1 pair) and is whole where another is cut short" in lead.why
    assert "camera data" not in lead.why + lead.limits


def test_every_gain_has_its_words():
    gains = {
        getattr(edition, name)
        for name in ("LARGER", "RESHAPED", "KEEPS_CAMERA", "WHOLE", "UNEDITED")
    }
    assert {row["name"] for row in read_table("gain.toml")["gain"]} == gains


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


def test_a_second_sighting_in_another_source_ties_a_camera_to_both():
    media = picture(1, camera_data())
    two = (*media.sightings, SightingFacts(99, 2, b"/seized/2/copy.jpg"))
    assert numbers(the_lead("camera-across", case(dataclasses.replace(media, sightings=two)))) == [
        1
    ]
