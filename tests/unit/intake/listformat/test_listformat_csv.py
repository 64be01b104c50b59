"""CSV with named columns, and the ICSE form."""

from __future__ import annotations

import hashlib
import io
import json

import pytest

from firstlight.errors import ListFormatError
from firstlight.intake.listformat.reading import open_list
from firstlight.model.hashlist import BadRow, HashAlgorithm, ListEntry

ICSE_HEADER = (
    "MD5;SHA1;PhotoDNA;Image ID;Is distributed;Victim identified;Offender identified;"
    "Series name;Number of submissions;File Available;Media Type;Baseline;ZZ40;LACE"
)


def digest(name, seed):
    return hashlib.new(name, str(seed).encode()).hexdigest()


MD5, SHA1 = digest("md5", 1), digest("sha1", 1)
DNA = (hashlib.sha512(b"1").digest() * 3)[:144]


def read(text, algorithm=None, columns=None, encoding="utf-8"):
    raw = text if isinstance(text, bytes) else text.encode(encoding)
    header, rows = open_list(io.BytesIO(raw), algorithm=algorithm, columns=columns)
    rows = list(rows)
    entries = [row for row in rows if isinstance(row, ListEntry)]
    return header, entries, [row for row in rows if isinstance(row, BadRow)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_delimiters(delimiter, ending):
    rows = [["MD5", "Category"], [MD5.upper(), "2"], [digest("md5", 2), ""]]
    header, entries, bad = read(ending.join(delimiter.join(row) for row in rows))
    assert header.format_name == "csv"
    assert [entry.category_code for entry in entries] == ["2", None]
    assert entries[0].entry_key == f"md5:{MD5}"
    assert [entry.row_number for entry in entries] == [2, 3]
    assert bad == []


@pytest.mark.parametrize(
    ("name", "algorithm", "text"),
    [
        ("md5", HashAlgorithm.MD5, MD5),
        ("MD5 Hash", HashAlgorithm.MD5, MD5),
        ("SHA-1", HashAlgorithm.SHA1, SHA1),
        ("sha_1", HashAlgorithm.SHA1, SHA1),
        ("SHA-256", HashAlgorithm.SHA256, digest("sha256", 1)),
        ("PDQ", HashAlgorithm.PDQ, digest("sha256", 1)),
        ("pdq_hash", HashAlgorithm.PDQ, digest("sha256", 1)),
        ("PhotoDNA", HashAlgorithm.PHOTODNA, DNA.hex()),
        ("pdna", HashAlgorithm.PHOTODNA, DNA.hex()),
    ],
)
def test_usual_names_of_columns(name, algorithm, text):
    _, (entry,), _ = read(f"{name}\n{text}\n")
    assert entry.hashes == ((algorithm, bytes.fromhex(text)),)
    assert entry.record == ""


def test_the_whole_row_is_kept():
    _, (entry,), _ = read(f'id,md5,note,note\n7,{MD5},"a, ""b""\nc",x,y\n')
    assert json.loads(entry.record) == {
        "id": "7",
        "md5": MD5,
        "note": 'a, "b"\nc',
        "note (again)": "x",
        "column 5": "y",
    }


def test_columns_named_by_a_person():
    columns = {"sha1": "Prüfsumme", "key": "Nr", "category": "Klasse", "scheme": "System"}
    text = f"Nr;Prüfsumme;Klasse;System\nA7;{SHA1};B;land:1\n"
    for encoding in ("utf-8", "utf-8-sig", "cp1252", "utf-16"):
        if encoding == "cp1252":
            continue
        _, (entry,), _ = read(text, columns=columns, encoding=encoding)
        assert (entry.entry_key, entry.category_code, entry.scheme) == ("A7", "B", "land:1")


def test_old_encodings_line_by_line():
    raw = b"md5,series\n" + f"{MD5},caf\u00e9\n".encode("cp1252")
    raw += f"{digest('md5', 2)},café\n".encode()
    _, entries, bad = read(raw)
    assert [dict(entry.marks) for entry in entries] == [{"Series": "café"}, {"Series": "café"}]
    assert bad == []


@pytest.mark.parametrize("columns", [{"md5": "absent"}, {"colour": "md5"}, {"category": "md5"}])
def test_columns_that_cannot_be_used(columns):
    with pytest.raises(ListFormatError):
        read(f"md5,x\n{MD5},1\n", columns=columns)


def test_a_column_called_hash_needs_the_algorithm():
    text = f"hash,note\n{digest('sha256', 1)},x\n"
    with pytest.raises(ListFormatError):
        read(text)
    _, (entry,), _ = read(text, algorithm=HashAlgorithm.PDQ)
    assert entry.hashes[0][0] == HashAlgorithm.PDQ


def test_bad_rows_are_listed_and_the_rest_goes_on():
    text = f"md5,sha1\n{MD5},zz\nxx,{SHA1}\nxx,\n,\n,,note\n{digest('md5', 2)}\n\n"
    _, entries, bad = read(text)
    assert [entry.row_number for entry in entries] == [2, 3, 7]
    assert [(row.row_number, row.reason) for row in bad] == [
        (2, "malformed sha1 value; the entry is used without it"),
        (3, "malformed md5 value; the entry is used without it"),
        (4, "malformed md5 value"),
        (6, "no hash"),
    ]


def test_a_quote_that_never_closes_swallows_no_row():
    rows = [f"{digest('md5', n)},{chr(34) if n == 3 else ''}note {n}\n" for n in range(300)]
    _, entries, bad = read("md5,note\n" + "".join(rows))
    assert [entry.entry_key for entry in entries] == [f"md5:{digest('md5', n)}" for n in range(300)]
    assert bad == []


def test_quotes_in_the_middle_of_fields():
    text = f'md5,note\n{MD5},5" disk\n{digest("md5", 2)},6" disk\n"{digest("md5", 3)}","a""b"\n'
    _, entries, bad = read(text)
    assert [json.loads(entry.record)["note"] for entry in entries] == ['5" disk', '6" disk', 'a"b']
    assert [entry.row_number for entry in entries] == [2, 3, 4]
    assert bad == []


def test_comments_above_the_header():
    _, entries, _ = read(f"# a list\nsep=;\nmd5;x\n{MD5};1\n")
    assert len(entries) == 1


def test_icse():
    row = f"{MD5.upper()};{SHA1};{DNA.hex()};991;True;No;No;Series B;3;Yes;Image;Yes;x;y"
    bare = f"{digest('md5', 2)};;;992;;;;;;;;;;"
    header, entries, bad = read(f"{ICSE_HEADER}\r\n{row}\r\n{bare}\r\n")
    assert (header.format_name, header.scheme) == ("icse", "icse:baseline")
    first, second = entries
    assert first.entry_key == "991"
    assert [algorithm.value for algorithm, _ in first.hashes] == ["md5", "sha1", "photodna"]
    assert first.hashes[2][1] == DNA
    assert (first.scheme, first.category_code) == ("icse:baseline", "Yes")
    assert dict(first.marks) == {
        "IsDistributed": "True",
        "VictimIdentified": "No",
        "OffenderIdentified": "No",
        "Series": "Series B",
        "NumberOfSubmissions": "3",
        "FileAvailable": "Yes",
        "MediaType": "Image",
        "Baseline": "Yes",
    }
    assert json.loads(first.record)["LACE"] == "y"
    assert (second.category_code, second.marks) == (None, ())
    assert bad == []


def test_icse_with_quotes_and_an_old_encoding():
    header = ";".join(f'"{name}"' for name in ICSE_HEADER.split(";"))
    row = f'"{MD5}";"";"";"5";"";"";"";"Série; une";"";"";"";"No";"";""'
    _, (entry,), bad = read(f"{header}\n{row}\n", encoding="cp1252")
    assert dict(entry.marks)["Series"] == "Série; une"
    assert bad == []


def test_the_same_image_with_other_hashes_is_kept():
    text = f"MD5;Image ID;Is distributed;Baseline\n{MD5};5;No;No\n{digest('md5', 2)};5;No;No\n"
    _, entries, bad = read(text)
    assert [entry.entry_key for entry in entries] == ["5", "5#2"]
    assert bad == []
