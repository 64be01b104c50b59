"""``firstlight ingest``."""

from __future__ import annotations

from typing import Any

import click

from firstlight.cli.output import json_option, print_json, print_lines, print_table, reason_option

SHOWN_FAILURES = 20


@click.command("ingest")
@click.argument("paths", nargs=-1, required=True, type=click.Path(readable=False, path_type=bytes))
@click.option("--case", "case_name", required=True, metavar="NAME", help="Case to file under.")
@click.option("--exhibit", metavar="TEXT", help="Exhibit number.")
@click.option("--custodian", metavar="TEXT", help="Who holds the source.")
@click.option("--legal-basis", metavar="TEXT", help="Why it may be examined.")
@click.option("--received-at", metavar="TIME", help="When it was received (ISO 8601 with zone).")
@click.option("--reread", is_flag=True, help="Read every file again; report changed ones.")
@click.option("--retry-failed", is_flag=True, help="Try failed items again.")
@click.option("--passwords", metavar="FILE", help="Passwords to try on what is locked, one a line.")
@click.option("--strict-pdq", is_flag=True, help="Compute PDQ from RGB, as the reference does.")
@click.option("--workers", type=int, metavar="N", help="Worker processes (default: one a core).")
@click.option("--quiet", is_flag=True, help="No progress on standard error.")
@reason_option
@json_option
@click.pass_obj
def command(
    given: dict[str, Any],
    /,
    paths: tuple[bytes, ...],
    case_name: str,
    reason: str | None,
    as_json: bool,
    quiet: bool,
    strict_pdq: bool,
    workers: int | None,
    passwords: str | None,
    **request: Any,
) -> int:
    """Take in folders, single files and archives under a case.

    Nothing is written to the source and links are not followed. The same source again adds
    nothing; a run that was stopped goes on where it was.
    """
    from firstlight.app.home import open_home
    from firstlight.app.ingest import IngestRequest, ingest
    from firstlight.cli.progress import progress_line

    wanted = IngestRequest(case_name=case_name, paths=paths, **request)
    overrides: dict[str, Any] = {
        "strict_pdq": strict_pdq or None,
        "workers": workers,
        "passwords": passwords,
    }
    with (
        open_home(given["home"], reason or given["reason"], writing=True, **overrides) as home,
        progress_line(not quiet) as progress,
    ):
        document = ingest(home, wanted, progress)
    if as_json:
        print_json(document)
    else:
        _print(document)
    if document["interrupted"]:
        return 130
    return 3 if document["failed"] else 0


def _print(document: dict[str, Any]) -> None:
    is_checked = document["is_checked"]
    rows = [
        ("files met", document["files"]),
        ("  not read again", document["not_reread"]),
        ("media (distinct contents)", document["media"]),
        ("  on a list", document["matched_media"] if is_checked else "not checked"),
        ("  on no list", document["new_media"] if is_checked else "not checked"),
        ("stacks of near-copies", document["stacks"]),
        ("not opened", len(document["not_opened"])),
        ("skipped", len(document["skipped"])),
        ("failed", len(document["failed"])),
        ("changed since last read", len(document["changed"])),
        ("seconds", document["seconds"]),
    ]
    print_table(f"Case {document['case']}", ("what", "count"), rows)
    failed = document["failed"]
    if failed:
        shown = [(item["path"], item["code"], item["reason"]) for item in failed[:SHOWN_FAILURES]]
        print_table("Failed", ("path", "code", "reason"), shown)
        if len(failed) > SHOWN_FAILURES:
            print_lines([f"... and {len(failed) - SHOWN_FAILURES} more (--json lists all)"])
    if document["isolation_missing"]:
        missing = ", ".join(document["isolation_missing"])
        print_lines([f"protections this machine lacks: {missing}"])
    if document["interrupted"]:
        print_lines(["stopped; everything so far is recorded: the same command goes on"])
    else:
        print_lines([f"next: firstlight leads --case {document['case']}"])
