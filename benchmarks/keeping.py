"""Claim: making and sealing derivatives costs an ingest at most a quarter more."""

from __future__ import annotations

from benchmarks.program import document, fresh_program
from benchmarks.sample import mixed_files
from benchmarks.turns import make_bar_row, print_rows

BAR = 1.25
TURNS = 3
PROFILES = {
    "hash-only": (),
    "holder": ("--profile", "holder", "--legal-basis", "benchmark"),
}


def rows(*, is_small: bool = False) -> list[dict]:
    """Take one collection in under both profiles in turn; the least of each counts."""
    files = mixed_files(200 if is_small else 1000)
    cpu_s: dict[str, list[float]] = {name: [] for name in PROFILES}
    kept, media = {}, 0
    for _ in range(1 if is_small else TURNS):
        for name, options in PROFILES.items():
            with fresh_program(*options) as program:
                cost = program.ingest(*files)
                cpu_s[name].append(cost.cpu_s)
                media = document(cost)["media"]
                if name == "holder":
                    kept = document(program.run("profile", "--json"))["kept"]["derivatives"]
    least = {name: min(found) for name, found in cpu_s.items()}
    ratio = least["holder"] / least["hash-only"]
    return [
        make_bar_row(
            f"derivatives made and sealed: processor time at most {BAR:g} times that without",
            f"{ratio:.2f} times",
            is_met=(ratio <= BAR or is_small) and kept["count"] > 0,
            note=f"{media} media, {kept['count']} derivatives of "
            f"{kept['size_bytes'] / max(1, kept['count']):.0f} bytes; "
            f"{least['holder']:.1f} s against {least['hash-only']:.1f} s of a core, "
            f"least of {len(cpu_s['holder'])} in turn",
        )
    ]


if __name__ == "__main__":
    print_rows(rows())
