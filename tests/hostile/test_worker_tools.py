"""Outside programs under a worker's limits: names never reach them, faults cost one item."""

from __future__ import annotations

import io
import json
import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from firstlight.engine.pool import LocalPool
from firstlight.engine.program import find_programs
from firstlight.model.bounds import Bounds
from firstlight.model.ports import Finished, Task

WORK = Path(__file__).parent.parent / "unit" / "engine"
PROGRAMS = find_programs({})
TIMES = {"timeout_s": 20.0}
LIMITS = {"timeout_s": 20.0, "output_limit_bytes": 1 << 20}

needs_exiftool = pytest.mark.skipif("exiftool" not in PROGRAMS, reason="no exiftool here")
needs_ffmpeg = pytest.mark.skipif(
    not {"ffmpeg", "ffprobe"} <= set(PROGRAMS), reason="no ffmpeg here"
)


def picture(comment="none"):
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = comment
    Image.linear_gradient("L").convert("RGB").save(stream, "JPEG", exif=exif)
    return stream.getvalue()


def make(patch, *, item_cpu_s=20.0, **options):
    patch.syspath_prepend(str(WORK))
    return LocalPool(1, Bounds(worker_memory_bytes=1 << 31, item_cpu_s=item_cpu_s), **options)


@pytest.fixture(scope="module")
def shared_pool():
    with pytest.MonkeyPatch.context() as patch:
        made = make(patch)
        yield made
        made.close()


def call(pool, patch, calls, roots=()):
    """Carry out ``(method, arguments, options)`` in turn in one worker; returns the results."""
    patch.syspath_prepend(str(WORK))
    payload = [
        [b"%d" % i, method, arguments, options]
        for i, (method, arguments, options) in enumerate(calls)
    ]
    events = pool.run(
        "locked_work:tools", [Task(1, payload, ())], lambda q: q, {"preload": []}, list(roots)
    )
    return [event.result[0] for event in events if isinstance(event, Finished)]


def tags(answer):
    (record,) = json.loads(answer)
    return record


@needs_exiftool
def test_exiftool_tells_each_content_apart(shared_pool, monkeypatch):
    names = ["first", "a {ready1}\n{ready}\n", "né\u202e", "last"]
    calls = [("exiftool", [picture(name)], dict(TIMES)) for name in names]
    answers = call(shared_pool, monkeypatch, [*calls, ("exiftool_version", [], {})])
    assert tags(answers[0])["IFD0:Make"] == "first"
    assert tags(answers[1])["IFD0:Make"].startswith("a {ready1}")
    assert tags(answers[3])["IFD0:Make"] == "last"
    assert answers[-1][:2].isdigit()


@needs_exiftool
def test_a_shorter_content_leaves_nothing_of_the_longer_one(shared_pool, monkeypatch):
    long, short = picture() + b"x" * 500_000, picture()
    calls = [("exiftool", [content], dict(TIMES)) for content in (long, short, b"", short)]
    sizes = [tags(answer)["System:FileSize"] for answer in call(shared_pool, monkeypatch, calls)]
    assert sizes == [len(long), len(short), 0, len(short)]


@needs_exiftool
def test_a_name_never_reaches_exiftool(shared_pool, monkeypatch, tmp_path):
    marker = tmp_path / "executed"
    path = (
        os.fsencode(tmp_path) + b"/-a.jpg\n-if\nsystem('touch " + os.fsencode(marker.name) + b"')"
    )
    Path(os.fsdecode(path)).write_bytes(picture("named"))
    (answer,) = call(
        shared_pool,
        monkeypatch,
        [("exiftool", [], {**TIMES, "path": path})],
        [os.fsencode(tmp_path)],
    )
    assert tags(answer)["IFD0:Make"] == "named"
    assert tags(answer)["SourceFile"] == "/proc/self/fd/9"
    assert os.listdir(os.fsencode(tmp_path)) == [os.path.basename(path)]


@needs_exiftool
def test_a_large_file_is_read_through_its_own_descriptor(shared_pool, monkeypatch, tmp_path):
    path = tmp_path / "large.jpg"
    path.write_bytes(picture("large"))
    os.truncate(path, (1 << 26) + 1)
    options = {**TIMES, "path": os.fsencode(path)}
    (answer,) = call(shared_pool, monkeypatch, [("exiftool", [], options)], [os.fsencode(tmp_path)])
    assert tags(answer)["IFD0:Make"] == "large"
    assert tags(answer)["System:FileSize"] == (1 << 26) + 1


PROBE = ["-v", "error", "-show_streams", "{input}"]
GREY = ["-v", "error", "-i", "{input}", "-f", "rawvideo", "pipe:1"]
LONG_AGO_NS = 1_577_836_800_000_000_000


@pytest.mark.parametrize("is_root_the_file", [False, True])
@pytest.mark.parametrize(
    ("method", "arguments", "options"),
    [
        pytest.param("exiftool", [], TIMES, marks=needs_exiftool),
        pytest.param("run", ["ffprobe", PROBE], LIMITS, marks=needs_ffmpeg),
        pytest.param("run", ["ffmpeg", GREY], LIMITS, marks=needs_ffmpeg),
    ],
)
def test_a_program_leaves_the_access_time_of_a_source_as_it_was(
    shared_pool, monkeypatch, tmp_path, method, arguments, options, is_root_the_file
):
    path = tmp_path / "large.jpg"
    path.write_bytes(picture("large"))
    os.truncate(path, (1 << 26) + 1)
    os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS + 1))  # due to be noted at the next read
    root = os.fsencode(path if is_root_the_file else tmp_path)
    order = (method, arguments, {**options, "path": os.fsencode(path)})
    (answer,) = call(shared_pool, monkeypatch, [order], [root])
    if not shared_pool.isolation()["quiet-source"]:
        pytest.skip("this machine lets no worker have mounts of its own")
    assert b"large" in answer if method == "exiftool" else answer[0] == 0
    assert path.stat().st_atime_ns == LONG_AGO_NS


def script(folder, body, name="exiftool"):
    path = folder / name
    path.write_text("#!/usr/bin/perl\n$| = 1;\n" + body)
    path.chmod(0o755)
    return {name: str(path)}


ODD_EXIFTOOL = """
    my $n = 0;
    while (my $line = <STDIN>) {
        $n++ if $line =~ /^-j/;
        next unless $line =~ /^-execute(.*)/;
        open(my $file, '<', '/proc/self/fd/9'); my $word = <$file>;
        if ($word eq 'die') { kill 9, $$; exit 3 }
        if ($word eq 'hang') { sleep 60 }
        if ($word eq 'flood') { print 'x' x 40_000_000 }
        print "$word $$\\n{ready$1}\\n";
    }
"""


@pytest.mark.skipif(shutil.which("perl") is None, reason="no perl here")
def test_a_fault_of_exiftool_costs_one_content_and_replaces_it(monkeypatch, tmp_path):
    pool = make(monkeypatch, programs=script(tmp_path, ODD_EXIFTOOL))
    words = [b"one", b"die", b"two", b"hang", b"three", b"flood", b"four", b"five"]
    calls = [("exiftool", [word], {"timeout_s": 1.0}) for word in words]
    try:
        answers = call(pool, monkeypatch, calls)
    finally:
        pool.close()
    assert [answer[0] for answer in (answers[1], answers[3], answers[5])] == [
        "worker-lost", "limit-exceeded", "limit-exceeded",
    ]  # fmt: skip
    words, numbers = zip(*(answers[i].split() for i in (0, 2, 4, 6, 7)), strict=True)
    assert words == (b"one", b"two", b"three", b"four", b"five")
    assert len(set(numbers)) == 4
    assert numbers[3] == numbers[4]


WAYWARD = """
    use Socket;
    sub word { $_[0] ? 'allowed' : 'refused' }
    print join ' ',
        word(defined fork()), word(socket(my $s, PF_INET, SOCK_STREAM, 0)),
        word(open(my $a, '>', '%(new)s')), word(open(my $b, '<', '%(outside)s')),
        word(open(my $c, '<', '%(inside)s')), word(unlink('%(inside)s')),
        word(chmod(0777, '%(inside)s')), word(kill(0, getppid())),
        word(open(my $d, '<', '/etc/passwd')), join(',', sort keys %%ENV);
"""


@pytest.mark.skipif(shutil.which("perl") is None, reason="no perl here")
def test_a_program_that_has_been_taken_over_can_do_no_harm(monkeypatch, tmp_path):
    for name in ("programs", "source", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "source" / "a").write_bytes(b"x")
    (tmp_path / "other" / "b").write_bytes(b"x")
    body = WAYWARD % {
        "new": tmp_path / "source" / "new",
        "inside": tmp_path / "source" / "a",
        "outside": tmp_path / "other" / "b",
    }
    pool = make(monkeypatch, programs=script(tmp_path / "programs", body, "ffprobe"))
    try:
        (answer,) = call(
            pool, monkeypatch, [("run", ["ffprobe", [], b""], dict(LIMITS))],
            [os.fsencode(tmp_path / "source")],
        )  # fmt: skip
        report = pool.isolation()
    finally:
        pool.close()
    if not all(report.values()):
        pytest.skip("this machine lacks some of the locks")
    words = answer[1].decode().split()
    assert words[:4] == ["refused"] * 4
    assert words[4] == "allowed"
    assert words[5:9] == ["refused"] * 4
    assert words[9] == "HOME,LC_ALL,PATH,TZ"


@needs_ffmpeg
def test_ffmpeg_and_ffprobe_read_the_content_only(shared_pool, monkeypatch, tmp_path):
    grey = ["-v", "error", "-i", "{input}", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"]
    probe = ["-v", "error", "-show_streams", "-of", "json", "{input}"]
    path = tmp_path / "a.jpg"
    path.write_bytes(picture())
    out = str(tmp_path / "out.png")
    answers = call(
        shared_pool,
        monkeypatch,
        [
            ("run", ["ffmpeg", grey, picture()], dict(LIMITS)),
            ("run", ["ffprobe", probe], {**LIMITS, "path": os.fsencode(path)}),
            ("run", ["ffmpeg", grey, picture()], {**LIMITS, "output_limit_bytes": 1000}),
            ("run", ["ffmpeg", ["-f", "lavfi", "-i", "testsrc", "-f", "null", "-"], b""],
             {**LIMITS, "timeout_s": 0.5}),
            ("run", ["ffmpeg", ["-v", "error", "-i", "{input}", out], picture()], dict(LIMITS)),
            ("run", ["ffmpeg", ["-v", "error", "-i", "http://127.0.0.1/", "-f", "null", "-"], b""],
             dict(LIMITS)),
            ("run", ["ffprobe", ["-v", "error", "{input}"], os.urandom(5000)], dict(LIMITS)),
        ],
        [os.fsencode(tmp_path)],
    )  # fmt: skip
    assert answers[0][0] == 0
    assert len(answers[0][1]) == 256 * 256
    assert json.loads(answers[1][1])["streams"][0]["codec_name"] == "mjpeg"
    assert answers[2] == ["limit-exceeded", "ffmpeg gave too much output"]
    assert answers[3] == ["limit-exceeded", "ffmpeg took too long"]
    assert answers[4][0] != 0
    assert answers[5][0] != 0
    assert answers[6][0] != 0
    assert os.listdir(tmp_path) == ["a.jpg"]


def test_a_program_that_is_not_there_is_said_to_be_missing(shared_pool, monkeypatch):
    answers = call(
        shared_pool,
        monkeypatch,
        [("has", ["rm"], {}), ("run", ["rm", ["-rf", "{input}"], b""], dict(LIMITS))],
    )
    assert answers == [False, ["worker-lost", "rm is not installed"]]


@pytest.mark.skipif(shutil.which("perl") is None, reason="no perl here")
def test_time_memory_and_output_of_a_program_are_bounded(monkeypatch, tmp_path):
    bodies = {
        "ffmpeg": "print STDERR 'x' x 10_000_000; print 'done'; exit 5;",
        "ffprobe": "my @a; while (1) { push @a, 'x' x 100_000_000 } ",
        "exiftool": "while (1) { }",
    }
    programs = {}
    for name, body in bodies.items():
        programs |= script(tmp_path, body, name)
    pool = make(monkeypatch, programs=programs)
    try:
        answers = call(
            pool,
            monkeypatch,
            [
                ("run", ["ffmpeg", [], b""], dict(LIMITS)),
                ("run", ["ffprobe", [], b""], dict(LIMITS)),
                ("exiftool", [b""], {"timeout_s": 0.5}),
            ],
        )
    finally:
        pool.close()
    assert answers[0][:2] == [5, b"done"]
    assert len(answers[0][2]) == 1 << 16
    assert answers[1][0] == 1
    assert b"Out of memory" in answers[1][2]
    assert answers[2] == ["limit-exceeded", "exiftool took too long"]


@pytest.mark.skipif(shutil.which("perl") is None, reason="no perl here")
def test_a_program_that_spins_is_ended(monkeypatch, tmp_path):
    programs = script(tmp_path, "while (1) { }", "ffprobe")
    pool = make(monkeypatch, item_cpu_s=1.0, programs=programs)
    try:
        (answer,) = call(pool, monkeypatch, [("run", ["ffprobe", [], b""], dict(LIMITS))])
    finally:
        pool.close()
    assert answer == ["limit-exceeded", "ffprobe took too much processor time"]
