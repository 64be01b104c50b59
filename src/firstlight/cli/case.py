"""``firstlight case``."""

from __future__ import annotations

from typing import Any

import click

from firstlight.cli.output import (
    json_option,
    print_json,
    print_lines,
    print_table,
    reason_option,
    short_time,
)


class CaseGroup(click.Group):
    """Takes a case's name where a command's could stand: ``case NAME`` shows it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put ``show`` before a name, and ``list`` where nothing is named."""
        place = _first_word(args)
        if place is None and not {"-h", "--help"} & set(args):
            args = ["list", *args]
        elif place is not None and args[place] in self.commands:
            args = [args[place], *args[:place], *args[place + 1 :]]
        elif place is not None:
            args = ["show", *args]
        return super().parse_args(ctx, args)


def _first_word(args: list[str]) -> int | None:
    """Find the first argument that is no option, and no option's value."""
    place = 0
    while place < len(args):
        if args[place] == "--reason":
            place += 1
        elif args[place] == "--":
            # What follows is a name, also where it looks like an option or a command.
            return place if place + 1 < len(args) else None
        elif not args[place].startswith("-"):
            return place
        place += 1
    return None


@click.group("case", cls=CaseGroup, invoke_without_command=False)
def command() -> None:
    """List the cases, show one by its name, or say how long one is kept.

    `firstlight case NAME` shows the sources of a case. A case is opened by its first `ingest`.
    A case that is named like one of the commands below: `firstlight case show NAME`.
    """


@command.command("list")
@reason_option
@json_option
@click.pass_obj
def list_command(given: dict[str, Any], reason: str | None, as_json: bool) -> None:
    """List the cases (what `firstlight case` does)."""
    from firstlight.app.case import list_case_documents
    from firstlight.app.home import open_home

    with open_home(given["home"], reason or given["reason"], writing=False) as home:
        document = list_case_documents(home)
    if as_json:
        print_json(document)
        return
    columns = ("case", "opened", "sources", "files", "media", "on a list", "failed")
    keys = ("case", "opened_at", "sources", "files", "media", "matched_media", "failed")
    rows = [{**row, "opened_at": short_time(row["opened_at"])} for row in document["cases"]]
    print_table("Cases", columns, [[row[key] for key in keys] for row in rows])


@command.command("show")
@click.argument("name")
@reason_option
@json_option
@click.pass_obj
def show_command(given: dict[str, Any], name: str, reason: str | None, as_json: bool) -> None:
    """Show the sources of a case (what `firstlight case NAME` does)."""
    from firstlight.app.case import case_document
    from firstlight.app.home import open_home
    from firstlight.app.retention import retention_document

    with open_home(given["home"], reason or given["reason"], writing=False) as home:
        document = case_document(home, name)
        document["retention"] = retention_document(home, name)
    if as_json:
        print_json(document)
        return
    columns = ("source", "files", "media", "on a list", "failed", "exhibit", "custodian",
               "legal basis", "received", "last run")  # fmt: skip
    keys = ("path", "files", "media", "matched_media", "failed", "exhibit", "custodian",
            "legal_basis", "received_at", "last_run")  # fmt: skip
    rows = [[row[key] for key in keys] for row in document["sources"]]
    print_table(f"Case {document['case']}", columns, rows)
    print_lines(_retention_lines(document["retention"]))


@command.command("retention")
@click.argument("name")
@click.option("--class", "retention_class", metavar="TEXT", help="Retention class of the unit.")
@click.option("--review-on", metavar="DATE", help="Date on which a person decides anew.")
@reason_option
@json_option
@click.pass_obj
def retention_command(
    given: dict[str, Any],
    name: str,
    retention_class: str | None,
    review_on: str | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Say how long a case is kept, or show what was said."""
    _state(given, name, reason, as_json, retention_class=retention_class, review_on=review_on)


@command.command("hold")
@click.argument("name")
@reason_option
@json_option
@click.pass_obj
def hold_command(given: dict[str, Any], name: str, reason: str | None, as_json: bool) -> None:
    """Put a case on legal hold: it cannot be erased. Needs --reason."""
    _state(given, name, reason, as_json, is_on_hold=True)


@command.command("release")
@click.argument("name")
@reason_option
@json_option
@click.pass_obj
def release_command(given: dict[str, Any], name: str, reason: str | None, as_json: bool) -> None:
    """Lift the legal hold of a case. Needs --reason."""
    _state(given, name, reason, as_json, is_on_hold=False)


def _state(
    given: dict[str, Any], name: str, reason: str | None, as_json: bool, **said: Any
) -> None:
    from firstlight.app.home import open_home
    from firstlight.app.retention import RetentionStatement, retention_document, state_retention

    is_said = any(value is not None for value in said.values())
    with open_home(given["home"], reason or given["reason"], writing=is_said) as home:
        if is_said:
            document = state_retention(home, name, RetentionStatement(**said))
        else:
            document = retention_document(home, name)
    if as_json:
        print_json(document)
    else:
        print_lines([f"case {document['case']}", *_retention_lines(document)])


def _retention_lines(document: dict[str, Any]) -> list[str]:
    is_due = " (due)" if document["is_due"] else ""
    lines = [
        f"retention class: {document['retention_class'] or 'not stated'}",
        f"review on: {document['review_on'] or 'not stated'}{is_due}",
    ]
    if document["is_on_hold"]:
        lines.append("on legal hold: nothing of this case can be erased")
    return lines


@command.command("due")
@click.option("--on", metavar="DATE", help="As if it were this date.")
@reason_option
@json_option
@click.pass_obj
def due_command(given: dict[str, Any], on: str | None, reason: str | None, as_json: bool) -> None:
    """List the cases whose review is due, and those that were never given a date."""
    from firstlight.app.home import open_home
    from firstlight.app.retention import due_document

    with open_home(given["home"], reason or given["reason"], writing=False) as home:
        document = due_document(home, on)
    if as_json:
        print_json(document)
        return
    columns = ("case", "class", "review on", "on hold")
    for title, part in (("Review is due", "due"), ("Never given a date", "undated")):
        rows = [
            (row["case"], row["retention_class"], row["review_on"], row["is_on_hold"] and "yes")
            for row in document[part]
        ]
        print_table(title, columns, [[cell or "" for cell in row] for row in rows])
    erased = [
        (row["case"], short_time(row["erased_at"]), row["actor"]) for row in document["erased"]
    ]
    print_table("Erased", ("case number", "erased", "by"), erased)
    print_lines(
        ["nothing is ever erased by itself: `firstlight case erase NAME` is a person's act"]
    )


@command.command("erase")
@click.argument("name")
@click.option("--yes", "is_sure", is_flag=True, help="Do it: an erased case never comes back.")
@reason_option
@json_option
@click.pass_obj
def erase_command(
    given: dict[str, Any], name: str, is_sure: bool, reason: str | None, as_json: bool
) -> None:
    """Erase a case: destroy its key and its sealed copies. Needs --reason and --yes.

    The custody log, the digests and the counts stay; no name, path, text or picture does.
    """
    from firstlight.app.erasing import erase_case
    from firstlight.app.home import open_home

    with open_home(given["home"], reason or given["reason"], writing=True) as home:
        document = erase_case(home, name, is_sure=is_sure)
    if as_json:
        print_json(document)
        return
    counts = ", ".join(f"{count} {what}" for what, count in document["erased"].items())
    lines = [f"erased: case number {document['case']} ({counts}); its key is destroyed"]
    if document["backups"]:
        lines.append(
            f"{document['backups']} backups were made of this home: those made before now still"
            " hold the case's key. Destroy them."
        )
    print_lines(lines)
