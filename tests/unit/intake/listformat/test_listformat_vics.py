"""VICS JSON with what exporters do to it."""

from __future__ import annotations

import base64
import hashlib
import io
import json

import pytest

from firstlight.errors import ListFormatError
from firstlight.intake.listformat.reading import open_list
from firstlight.model.hashlist import BadRow, HashAlgorithm, ListEntry

OLD = "http://github.com/ICMEC/ProjectVic/DataModels/{}.xml#{}"
NEW = "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/{}/$metadata#{}"


def digest(name, seed):
    return hashlib.new(name, str(seed).encode()).hexdigest()


def dna(seed):
    return (hashlib.sha512(str(seed).encode()).digest() * 3)[:144]


def media(seed, **changes):
    record = {
        "MediaID": seed,
        "Category": 1,
        "MD5": digest("md5", seed).upper(),
        "SHA1": digest("sha1", seed),
        "VictimIdentified": "False",
        "IsDistributed": True,
        "MediaSize": "1234",
        "RelativeFilePath": "Files\\a.jpg",
        "SomethingNew": {"kept": [1, None]},
    }
    record.update(changes)
    return {key: value for key, value in record.items() if value is not ...}


US_SET = NEW.format("US", "Media")
UK_CASES = NEW.format("UK", "Cases")


def hash_set(*records, context=US_SET):
    return {"@odata.context": context, "value": list(records)}


def case_form(*records, context=UK_CASES):
    case = {
        "CaseID": "00000000-0000-0000-0000-000000000001",
        "CaseNumber": "42",
        "CaseMetadata": [{"PropertyName": "x", "PropertyValue": "y"}],
        "Media": list(records),
        "TotalMediaFiles": 99,
    }
    return {"@odata.context": context, "value": [case, {**case, "Media": [media(77)]}]}


def read(content, algorithm=None):
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    header, rows = open_list(io.BytesIO(raw), algorithm=algorithm, columns=None)
    rows = list(rows)
    entries = [row for row in rows if isinstance(row, ListEntry)]
    return header, entries, [row for row in rows if isinstance(row, BadRow)]


@pytest.mark.parametrize("version", ["1.1", "1.2", "1.3"])
@pytest.mark.parametrize("form", ["Media", "Cases"])
def test_old_versions(version, form):
    context = OLD.format(version, form)
    content = hash_set(media(1)) if form == "Media" else case_form(media(1))
    content = {"odata.metadata": context, "value": content["value"]}
    header, entries, bad = read(content)
    assert (header.format_name, header.format_version, header.scheme) == ("vics", version, "vics")
    assert entries[0].entry_key == "md5:" + digest("md5", 1)
    assert bad == []


@pytest.mark.parametrize("profile", ["US", "UK", "CUSTOM", "Default", "UNKNOWN"])
def test_the_profile_is_the_scheme(profile):
    header, entries, _ = read(hash_set(media(1), context=NEW.format(profile, "Media")))
    assert (header.format_version, header.scheme) == ("2.0", f"vics:{profile}")
    assert entries[0].scheme == f"vics:{profile}"


def test_an_entry():
    record = media(5)
    _, (entry,), bad = read(hash_set(record))
    assert bad == []
    assert entry.hashes == (
        (HashAlgorithm.MD5, bytes.fromhex(digest("md5", 5))),
        (HashAlgorithm.SHA1, bytes.fromhex(digest("sha1", 5))),
    )
    assert entry.category_code == "1"
    assert entry.marks == (("VictimIdentified", "false"), ("IsDistributed", "true"))
    assert json.loads(entry.record) == record
    assert entry.row_number == 1


def test_the_case_form_reads_every_cases_media():
    header, entries, bad = read(case_form(media(1), media(2)))
    assert header.scheme == "vics:UK"
    assert [entry.row_number for entry in entries] == [1, 2, 3]
    assert entries[2].entry_key == "md5:" + digest("md5", 77)
    assert bad == []


@pytest.mark.parametrize(
    ("category", "code"),
    [(0, "0"), (1, "1"), ("2", "2"), (None, None), (..., None), ("", None), ("A", "A")],
)
def test_null_is_not_zero(category, code):
    _, (entry,), _ = read(hash_set(media(1, Category=category)))
    assert entry.category_code == code


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        ("TRUE", "true"),
        ("False", "false"),
        (None, None),
        (1, "1"),
    ],
)
def test_booleans_in_every_spelling(value, text):
    _, (entry,), _ = read(hash_set(media(1, IsDistributed=value)))
    assert dict(entry.marks).get("IsDistributed") == text


@pytest.mark.parametrize(
    "changes",
    [
        {"PhotoDNA": base64.b64encode(dna(1)).decode()},
        {"PhotoDNA": dna(1).hex()},
        {"AlternativeHashes": [{"HashName": "PhotoDNA", "HashValue": dna(1).hex().upper()}]},
        {
            "AlternativeHashes": [
                {"HashName": "photoDNA", "HashValue": base64.b64encode(dna(1)).decode()}
            ]
        },
    ],
)
def test_photodna_wherever_it_stands(changes):
    _, (entry,), bad = read(hash_set(media(1, **changes)))
    assert dict(entry.hashes)[HashAlgorithm.PHOTODNA] == dna(1)
    assert bad == []


def test_other_alternative_hashes():
    others = [
        {"HashName": "SHA-256", "HashValue": digest("sha256", 1)},
        {"HashName": "PDQ", "HashValue": digest("sha256", 2)},
        {"HashName": "TMK", "HashValue": "zz"},
        {"HashName": None, "HashValue": None},
        "not a record",
    ]
    _, (entry,), bad = read(hash_set(media(1, AlternativeHashes=others)))
    assert dict(entry.hashes)[HashAlgorithm.SHA256].hex() == digest("sha256", 1)
    assert dict(entry.hashes)[HashAlgorithm.PDQ].hex() == digest("sha256", 2)
    assert bad == []


@pytest.mark.parametrize("blank", ["", " ", None, ..., "0" * 32])
def test_a_blank_md5_names_the_entry_by_its_next_digest(blank):
    _, (entry,), bad = read(hash_set(media(1, MD5=blank)))
    assert entry.entry_key == "sha1:" + digest("sha1", 1)
    assert bad == []


def test_a_malformed_hash_costs_itself_alone():
    _, (entry,), (bad,) = read(hash_set(media(1, SHA1="abc")))
    assert [algorithm for algorithm, _ in entry.hashes] == [HashAlgorithm.MD5]
    assert (bad.row_number, bad.code) == (1, "list-row")
    assert bad.reason == "malformed sha1 value; the entry is used without it"


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"MediaID": 1, "MD5": "zz" * 16}, "malformed md5 value"),
        ({"MediaID": 1, "MD5": 12}, "malformed md5 value"),
        ({"MediaID": 1, "Category": 1}, "no hash"),
        ({}, "no hash"),
        ("text", "an element that is no record"),
        (None, "an element that is no record"),
        ([], "an element that is no record"),
    ],
)
def test_a_bad_record_is_listed_and_the_rest_goes_on(record, reason):
    _, entries, bad = read(hash_set(media(1), record, media(2)))
    assert [entry.row_number for entry in entries] == [1, 3]
    assert [(row.row_number, row.reason) for row in bad] == [(2, reason)]


def test_byte_order_marks_and_wide_text():
    raw = json.dumps(hash_set(media(1)))
    for content in (b"\xef\xbb\xbf" + raw.encode(), raw.encode("utf-16")):
        _, entries, bad = read(content)
        assert (len(entries), bad) == (1, [])


def test_text_that_is_not_utf8_costs_nothing():
    raw = json.dumps(hash_set(media(1, RelativeFilePath="PATH"), media(2))).encode()
    _, entries, bad = read(raw.replace(b"PATH", b"caf\xe9"))
    assert (len(entries), bad) == (2, [])
    assert json.loads(entries[0].record)["RelativeFilePath"] == "café"


@pytest.mark.parametrize(
    "content",
    [
        {"value": [media(1)]},
        {"value": [media(1)], "@odata.context": NEW.format("US", "Media")},
        {"Value": [media(1)]},
        {"ODATA.METADATA": OLD.format("1.2", "Media"), "value": [media(1)]},
        {"odata.count": 1, "value": [media(1)], "after": {"x": [1]}},
        [media(1)],
        {"Media": [media(1)]},
        [{"CaseID": "c", "Media": [media(1)]}],
        {"value": [{"CaseID": "c", "Media": [media(1)]}]},
        {
            "@odata.context": NEW.format("US", "Media"),
            "value": [{"CaseID": 1, "Media": [media(1)]}],
        },
    ],
)
def test_other_roots(content):
    _, entries, bad = read(content)
    assert [entry.entry_key for entry in entries] == ["md5:" + digest("md5", 1)]
    assert bad == []


def test_a_context_at_the_end_of_a_long_file_is_found():
    content = {
        "value": [media(n) for n in range(9000)],
        "@odata.context": NEW.format("UK", "Media"),
    }
    header, entries, _ = read(content)
    assert (header.scheme, len(entries)) == ("vics:UK", 9000)


def test_numbers_keep_their_digits_in_the_record():
    raw = json.dumps(hash_set(media(1, Extra="MARK"))).replace('"MARK"', "1.10")
    _, (entry,), _ = read(raw.encode())
    assert '"Extra": 1.10' in entry.record


def test_an_empty_set_has_no_entries():
    assert read(hash_set())[1:] == ([], [])


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
def test_a_file_cut_off_gives_what_came_before(part):
    raw = json.dumps(hash_set(*[media(n) for n in range(50)])).encode()
    cut = raw[: int(len(raw) * part)]
    _, entries, (bad,) = read(cut)
    assert len(entries) == cut.count(b'"SomethingNew": {"kept": [1, null]}}')
    assert bad.row_number == len(entries) + 1
    assert bad.reason == f"the JSON ends too early at byte {len(cut)}; the rest is not read"


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_a_break_is_told_to_the_byte(bom):
    raw = bom + json.dumps(hash_set(media(1), media(2, Note="é")), ensure_ascii=False).encode()
    raw = raw[:-2] + b" ? " + raw[-2:]
    _, entries, (bad,) = read(raw)
    assert len(entries) == 2
    assert bad.reason == f"the JSON breaks at byte {raw.index(b'?')}; the rest is not read"


def test_one_broken_record_does_not_cost_the_others():
    raw = json.dumps(hash_set(*[media(n) for n in range(5)])).encode()
    at = raw.index(b'"MediaID": 2')
    raw = raw[:at] + raw[at:].replace(b'"Category": 1', b'"Category" 1', 1)
    _, entries, (bad,) = read(raw)
    assert [entry.row_number for entry in entries] == [1, 2, 4, 5]
    assert bad.row_number == 3
    assert bad.reason == f"the record breaks at byte {raw.index(b' 1', at + 12) + 1}"


def test_a_broken_records_own_files_are_no_records():
    files = [{"MD5": digest("md5", 50 + n), "FileName": f"{n}"} for n in range(4)]
    raw = json.dumps(hash_set(*[media(n, MediaFiles=files) for n in range(4)])).encode()
    at = raw.index(b'"MediaID": 1')
    raw = raw[:at] + raw[at:].replace(b'"Category": 1', b'"Category" 1', 1)
    _, entries, (bad,) = read(raw)
    assert [entry.entry_key[4:] for entry in entries] == [digest("md5", n) for n in (0, 2, 3)]
    assert [entry.row_number for entry in entries] == [1, 3, 4]
    assert bad.row_number == 2


def test_the_same_media_again_is_a_duplicate():
    _, entries, (bad,) = read(hash_set(media(1), media(1, MediaID=9)))
    assert [entry.row_number for entry in entries] == [1]
    assert (bad.row_number, bad.code) == (2, "list-duplicate")


def test_the_same_media_that_says_more_is_an_entry_of_its_own():
    pdq = [{"HashName": "PDQ", "HashValue": digest("sha256", 2)}]
    again = [media(1, AlternativeHashes=pdq), media(1, Category=2), media(1, Category=2)]
    _, entries, (bad,) = read(hash_set(media(1), *again))
    key = "md5:" + digest("md5", 1)
    assert [entry.entry_key for entry in entries] == [key, f"{key}#2", f"{key}#3"]
    assert entries[2].category_code == "2"
    assert bad.row_number == 4


@pytest.mark.parametrize("content", [b"{}", b"[]", b'{"a": 1}', b'{"value": []}', b"{", b"[1, 2]"])
def test_other_json_is_of_no_known_form(content):
    with pytest.raises(ListFormatError):
        read(content)
