"""``firstlight child``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from firstlight.cli.output import json_option, print_json, print_table, reason_option

Command = TypeVar("Command", bound=Callable[..., Any])
STATES = ["unidentified", "partly-identified", "identified", "safeguarded"]


def _statement_options(function: Command) -> Command:
    for option in (
        click.option("--note", metavar="TEXT", help="Why."),
        click.option("--case", "case_name", metavar="NAME", help="Case that concerns the child."),
        click.option("--age-source", metavar="TEXT", help="Where the age comes from."),
        click.option("--age-to", type=int, metavar="YEARS", help="Oldest."),
        click.option("--age-from", type=int, metavar="YEARS", help="Youngest."),
    ):
        function = option(function)
    return function


@click.group("child")
def command() -> None:
    """Record a child under a pseudonymous key; every state is set by a person."""


@command.command("add")
@click.argument("key")
@click.option("--state", type=click.Choice(STATES), help="Default: unidentified.")
@_statement_options
@reason_option
@json_option
@click.pass_obj
def add_command(
    given: dict[str, Any], /, key: str, reason: str | None, as_json: bool, **statement: Any
) -> None:
    """Record a child under KEY (a pseudonym, never a name)."""
    from firstlight.app.child import ChildStatement, add_child
    from firstlight.app.home import open_home

    with open_home(given["home"], reason or given["reason"], writing=True) as home:
        _print(add_child(home, key, ChildStatement(**statement)), as_json)


@command.command("state")
@click.argument("key")
@click.argument("state", type=click.Choice(STATES))
@_statement_options
@reason_option
@json_option
@click.pass_obj
def state_command(
    given: dict[str, Any], /, key: str, state: str, reason: str | None, as_json: bool, **rest: Any
) -> None:
    """Record the STATE of a child; what was stated before stays on record."""
    from firstlight.app.child import ChildStatement, state_child
    from firstlight.app.home import open_home

    with open_home(given["home"], reason or given["reason"], writing=True) as home:
        _print(state_child(home, key, ChildStatement(state=state, **rest)), as_json)


@command.command("link")
@click.argument("key")
@click.option("--media", metavar="ID", help="A media that concerns the child.")
@click.option("--series", metavar="NAME", help="A series.")
@click.option("--lead", metavar="TEXT", help="A lead, in a person's words.")
@click.option("--case", "case_name", metavar="NAME", help="A case.")
@reason_option
@json_option
@click.pass_obj
def link_command(
    given: dict[str, Any],
    key: str,
    media: str | None,
    series: str | None,
    lead: str | None,
    case_name: str | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Record what concerns a child."""
    from firstlight.app.child import link_child
    from firstlight.app.home import open_home
    from firstlight.errors import UsageError

    named = {"media": media, "series": series, "lead": lead, "case": case_name}
    subjects = {kind: subject for kind, subject in named.items() if subject}
    if not subjects:
        raise UsageError("name what concerns the child: --media, --series, --lead or --case")
    with open_home(given["home"], reason or given["reason"], writing=True) as home:
        for kind, subject in subjects.items():
            document = link_child(home, key, kind, subject)
    _print(document, as_json)


@command.command("show")
@click.argument("key")
@json_option
@click.pass_obj
def show_command(given: dict[str, Any], key: str, as_json: bool) -> None:
    """Show one child."""
    from firstlight.app.child import show_child
    from firstlight.app.home import open_home

    with open_home(given["home"], given["reason"], writing=False) as home:
        _print(show_child(home, key), as_json)


def _print(document: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(document)
        return
    rows = [(name, value) for name, value in document.items() if name != "links"]
    print_table(f"Child {document['child']}", ("what", "value"), rows)
    links = [(link["kind"], link["subject"]) for link in document["links"]]
    if links:
        print_table("Concerns the child", ("what", "which"), links)
