"""Leads on new and known material, failures, cases, children: when, and what they must not say."""

from __future__ import annotations

import dataclasses

import pytest
from tests.unit.link.made_case import (
    LIST_A,
    camera_data,
    case,
    match,
    name_media,
    pair,
    picture,
)
from tests.unit.triage.found_leads import kinds_of, leads_of, numbers, the_lead

from firstlight.model.facts import (
    ChildFacts,
    FailureFacts,
    ListFacts,
)
from firstlight.model.hashlist import HashAlgorithm, ListPurpose
from firstlight.model.media import Outcome
from firstlight.triage.leads import build_leads

GOOD = ListFacts("Good", ListPurpose.KNOWN_GOOD, 10, 0, is_trusted=True)


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
    assert dict(lead.evidence)["times that lie in the future"] == "1"
    assert "dated in the future" in lead.title
    assert "lie in the future" in lead.why
    assert "within the last" not in lead.why
    both = case(picture(1, camera_data(local="2031-01-01T00:00:00")), picture(2, camera_data()))
    lead = the_lead("new-first-generation", both)
    assert "recent or dated in the future" in lead.title
    assert "Of 2 stated times 1 lie within the last 730 days" in lead.why


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


def test_sequences_by_file_times_alone_come_after_what_a_camera_says():
    media = [
        picture(
            number,
            matches=(match(),) if number == 1 else (),
            path=b"/s/f/%03d.jpg" % number,
            mtime_ns=10**18 + number * 10**9,
        )
        for number in (1, 2)
    ]
    fresh = picture(9, camera_data(local="2026-05-01T10:00:04"), path=b"/s/g/x.jpg")
    kinds = [lead.kind for lead in build_leads(case(*media, fresh))]
    assert "new-beside-known" not in kinds
    order = [kinds.index(kind) for kind in ("new-first-generation", "new-beside-known-in-folder")]
    assert order == sorted(order)


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
    assert dict(first.evidence)["bits apart"] == "12"
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


def cut_short(number, **more):
    return failure(
        number,
        "truncated",
        **{"outcome": Outcome.READ, "media_id": name_media(number), **more},
    )


def test_a_media_that_was_read_up_to_its_cut_is_in_one_lead_only():
    media = [picture(n, is_truncated=True) for n in (1, 2, 3, 4)]
    failures = (
        cut_short(1),
        cut_short(2, is_looked_at=True),
        cut_short(3, outcome=Outcome.FAILED),
    )
    facts = case(*media, failures=failures)
    lead = the_lead("truncated", facts)
    assert numbers(lead) == [1, 4]
    assert "read and hashed as far as it decodes" in lead.why
    assert "/seized/1/file1.jpg" in dict(lead.evidence)["items"]
    assert numbers(the_lead("failure", facts)) == [3]
    again = case(*media, failures=(*failures, cut_short(2)))
    assert numbers(the_lead("truncated", again)) == [1, 2, 4]


def test_a_cut_archive_and_other_trouble_stay_failures():
    both = (cut_short(1), failure(1, "limit-exceeded", outcome=Outcome.READ))
    facts = case(picture(1, is_truncated=True), failures=(*both, cut_short(9)))
    titles = [lead.title for lead in leads_of("failure", facts)]
    assert titles == ["1 item read only in part, looked at by nobody"] * 2
    assert numbers(the_lead("truncated", facts)) == [1]


def test_failures_say_what_of_them_was_compared():
    def why(*failures):
        return the_lead("failure", case(failures=failures)).why

    bare, hashed = failure(1, "encrypted"), failure(2, "encrypted", media_id=name_media(2))
    assert why(bare).startswith("Nothing of these was read")
    assert why(hashed).startswith("Of these the bytes were read as a whole")
    assert "Of 1 of these the bytes" in why(bare, hashed)
    assert "Of the others nothing was read." in why(bare, hashed)
    partly = failure(3, "limit-exceeded", outcome=Outcome.READ, media_id=name_media(3))
    assert "the rest was not" in why(partly)


def old(number, model, **more):
    serial = more.pop("serial", None)
    data = camera_data(serial, "2001-01-01T00:00:00", model=model, **more.pop("data", {}))
    return picture(number, data, **more)


def test_cameras_with_one_or_two_media_share_a_lead_for_each_source():
    media = [
        *(old(n, "Kestrel K1") for n in (1, 2, 3)),
        *(old(n, "Kestrel K2") for n in (4, 5)),
        old(6, "Kestrel K3"),
        old(7, "Kestrel K4", serial="FL0007"),
        old(8, "Kestrel K5", data={"place": (1.5, 2.5)}),
        old(9, "Kestrel K6", data={"owner": "J. Heron"}),
        old(10, "Kestrel K7", source_id=2),
    ]
    leads = leads_of("new-camera-data", case(*media))
    assert [numbers(lead) for lead in leads] == [[7], [8], [9], [1, 2, 3], [4, 5, 6], [10]]
    shared = leads[4]
    assert "3 media items by 2 models of camera, one or two each, in laptop" in shared.title
    assert dict(shared.evidence)["cameras"] == "Kestrel K2 (2); Kestrel K3 (1)"
    assert leads[5].title.endswith("1 media item by Kestrel K7")
    near = case(*media, picture(20, matches=(match(),)), near_pairs=(pair(6, 20),))
    assert [6] in [numbers(lead) for lead in leads_of("new-camera-data", near)]


def test_many_cameras_are_listed_up_to_a_bound():
    facts = case(*(old(n, f"Kestrel K{n}") for n in range(40)))
    lead = the_lead("new-camera-data", facts)
    assert "40 models of camera" in lead.title
    assert dict(lead.evidence)["cameras"].endswith("; and 28 more")


def test_reasons_are_joined_by_what_is_true_of_each():
    edited = old(1, "Kestrel K1", data={"edit_history": ("crop",)})
    assert "marked as edited and older than" in the_lead("new-camera-data", case(edited)).title
    mixed = case(edited, old(2, "Kestrel K1"))
    assert "marked as edited or older than" in the_lead("new-camera-data", mixed).title


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
