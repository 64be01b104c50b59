"""List files that are broken or mean harm: rows listed as bad at most, bounded time and memory."""

from __future__ import annotations

import hashlib
import io
import json
import random
import time
import tracemalloc

import pytest

from firstlight.errors import ListFormatError
from firstlight.intake.listformat.reading import open_list
from firstlight.model.hashlist import HASH_SIZE_BYTES, BadRow, HashAlgorithm, ListEntry

SEED = 20_24
TIME_MAX_S = 10.0


def digest(name, seed):
    return hashlib.new(name, str(seed).encode()).hexdigest()


def read(raw, algorithm=None):
    begun = time.process_time()
    try:
        _, rows = open_list(io.BytesIO(raw), algorithm=algorithm, columns=None)
        rows = list(rows)
    except ListFormatError:
        rows = []
    assert time.process_time() - begun < TIME_MAX_S
    for row in rows:
        if isinstance(row, BadRow):
            assert row.reason.isascii()
            continue
        assert row.hashes
        for algorithm_, raw_hash in row.hashes:
            assert len(raw_hash) == HASH_SIZE_BYTES[algorithm_]
        for text in (row.entry_key, row.record, row.category_code or "", row.scheme or ""):
            text.encode()
        for name, text in row.marks:
            (name + text).encode()
        if row.record:
            json.loads(row.record)
    keys = [row.entry_key for row in rows if isinstance(row, ListEntry)]
    assert len(set(keys)) == len(keys)
    return rows


CONTEXT = "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/US/$metadata#"
MEDIA = [
    {
        "MediaID": n,
        "Category": n % 3,
        "MD5": digest("md5", n),
        "Series": "é",
        "AlternativeHashes": [{"HashName": "PDQ", "HashValue": digest("sha256", n)}],
        "MediaFiles": [{"MD5": digest("md5", n), "FileName": "x"}],
    }
    for n in range(6)
]
FILES = {
    "vics": json.dumps({"@odata.context": CONTEXT + "Media", "value": MEDIA}).encode(),
    "vics-cases": json.dumps(
        {"@odata.context": CONTEXT + "Cases", "value": [{"CaseID": "1", "Media": MEDIA}]},
        ensure_ascii=False,
    ).encode(),
    "icse": (
        "MD5;SHA1;Image ID;Is distributed;Baseline\n"
        + "".join(f'{digest("md5", n)};"";{n};"Yes";No\n' for n in range(8))
    ).encode(),
    "csv": (
        "md5,sha1,category,note\n"
        + "".join(f'{digest("md5", n)},{digest("sha1", n)},1,"a\nb"\n' for n in range(8))
    ).encode(),
    "lines": "\n".join(digest("md5", n) for n in range(20)).encode(),
}


@pytest.mark.parametrize("form", sorted(FILES))
def test_seeded_mutations(form):
    rng = random.Random(f"{SEED}-{form}")
    algorithm = HashAlgorithm.MD5 if form == "lines" else None
    for _ in range(300):
        mutated = bytearray(FILES[form])
        for _ in range(rng.randint(1, 10)):
            at = rng.randrange(len(mutated))
            mutated[at] = rng.choice(
                [0, 10, 34, 44, 59, 91, 93, 123, 125, 0xFF, rng.randrange(256)]
            )
        read(bytes(mutated), algorithm)


@pytest.mark.parametrize("form", sorted(FILES))
def test_every_truncation(form):
    algorithm = HashAlgorithm.MD5 if form == "lines" else None
    content = FILES[form]
    for size in range(0, len(content), max(1, len(content) // 200)):
        read(content[:size], algorithm)


HEAD = b'{"@odata.context":"x#Media","value":['
GOOD = json.dumps(MEDIA[0]).encode()
NEXT = json.dumps(MEDIA[1]).encode()


@pytest.mark.parametrize(
    "element",
    [
        b'{"MD5":' + b"9" * 6000 + b"}",
        b'{"MD5":-' + b"9" * 1_000_000 + b"}",
        b'{"Category":1e999999999,"MD5":1.5e99999}',
        b'{"Category":NaN,"MD5":Infinity}',
        b"[" * 300_000 + b"]" * 300_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"MediaID":1,"MD5":"\\ud800","Series":"\\ud800\\udfff"}',
        b'{"MediaID":1,"MD5":["a"],"AlternativeHashes":{"HashName":1}}',
    ],
)
def test_elements_that_mean_harm_cost_themselves_alone(element):
    rows = read(HEAD + GOOD + b"," + element + b"," + NEXT + b"]}")
    entries = [row for row in rows if isinstance(row, ListEntry)]
    assert [entry.entry_key for entry in entries] == [
        f"md5:{digest('md5', 0)}",
        f"md5:{digest('md5', 1)}",
    ]
    assert any(isinstance(row, BadRow) for row in rows)


@pytest.mark.parametrize(
    "tail",
    [b"[" * 2_000_000, b'{"a":' * 500_000, b'"' + b"x" * (20 << 20), b"9" * (20 << 20)],
)
def test_what_never_ends_is_bounded(tail):
    tracemalloc.start()
    rows = read(HEAD + GOOD + b"," + tail)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(rows[0], ListEntry)
    assert isinstance(rows[-1], BadRow)
    assert peak < 300 << 20


def test_a_lone_surrogate_in_a_mark_can_be_kept():
    record = json.dumps({"MediaID": 1, "MD5": digest("md5", 1), "Series": "\ud800x"}).encode()
    (row,) = read(HEAD + record + b"]}")
    assert dict(row.marks)["Series"].endswith("x")


def test_thousands_of_broken_records():
    broken = b'{"MediaID" 1},' * 3000
    rows = read(HEAD + broken + GOOD + b"]}")
    assert isinstance(rows[-1], ListEntry)
    assert len(rows) == 3001


def test_a_csv_of_nothing_but_quotes():
    rows = read(b"md5,note\n" + b'"\n' * 20_000 + digest("md5", 1).encode() + b",x\n")
    assert any(isinstance(row, ListEntry) for row in rows)


def test_noise():
    rng = random.Random(SEED)
    for head in (b"", HEAD, b"md5;sha1\n", b"MD5;Image ID;Is distributed;Baseline\n"):
        for _ in range(40):
            read(head + rng.randbytes(rng.randint(0, 3000)))


def test_a_reason_says_nothing_of_the_row():
    raw = b"md5\nSECRET-TEXT\n" + digest("md5", 1).encode() + b"\n"
    bad = [row for row in read(raw) if isinstance(row, BadRow)]
    assert bad
    assert not any("SECRET" in row.reason for row in bad)
