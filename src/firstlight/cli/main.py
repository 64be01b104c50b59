"""The program ``firstlight``: names the commands and imports each one only when it is called."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from firstlight import __version__
from firstlight.errors import FirstlightError

# Name: (module under firstlight.cli, short help). Short help stands here so that `--help`
# imports nothing heavy.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("init", "Make a home folder for records (harmless when there is one)."),
    "ingest": ("ingest", "Take in folders, files and archives under a case."),
    "lists": ("lists", "Import, show, withdraw and trust hash lists."),
    "match": ("match", "Compare a case, files or hashes with the lists."),
    "find": ("find", "Find media by digest, PDQ, serial, place, time, case or path."),
    "show": ("show", "Show everything recorded about one media."),
    "leads": ("leads", "Show the lines of enquiry of a case, in order."),
    "profile": ("profile", "Show or set what this home may keep, and by what right."),
    "case": ("case", "List cases, or show one."),
    "child": ("child", "Record a child, its state and what concerns it."),
    "children": ("children", "List the children not yet identified, oldest case first."),
    "judge": ("judge", "Record that a person has looked at a failed or unopened item."),
    "key": ("key", "Show, replace and move the key of this home; make and use escrow copies."),
    "custody": ("custody", "Show, sign out, time-stamp and export the custody log."),
    "explain": ("explain", "Say how every value of one media came to be."),
    "backup": ("backup", "Write one sealed, checked file of the whole home."),
    "restore": ("restore", "Make a home from a backup."),
    "verify": ("verify", "Recompute the custody log and every record; name the first break."),
}


class LateGroup(click.Group):
    """A group whose commands live in modules of their own."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let ``--home`` stand behind the command's name too."""
        return super().parse_args(ctx, home_first(args))

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"firstlight.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the table of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def home_first(arguments: list[str]) -> list[str]:
    """Move ``--home FOLDER`` to the front; what follows ``--`` is left alone."""
    front: list[str] = []
    rest: list[str] = []
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            rest += [word, *waiting]
            break
        if word == "--home" and waiting:
            front += [word, waiting.pop(0)]
        elif word.startswith("--home="):
            front.append(word)
        else:
            rest.append(word)
    return front + rest


@click.command(cls=LateGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="firstlight")
@click.option(
    "--home",
    metavar="FOLDER",
    envvar="FIRSTLIGHT_HOME",
    help="Folder of the records [env: FIRSTLIGHT_HOME; default: the user-data folder].",
)
@click.option(
    "--reason",
    metavar="TEXT",
    envvar="FIRSTLIGHT_REASON",
    help="Purpose, written into the custody log [env: FIRSTLIGHT_REASON].",
)
@click.pass_context
def firstlight(ctx: click.Context, home: str | None, reason: str | None) -> None:
    """From lawfully held material to the child: take in, match, link, order, prove."""
    ctx.obj = {"home": home, "reason": reason}


def run(arguments: list[str] | None = None) -> None:
    """Run the program and end the process with an honest exit code."""
    try:
        sys.exit(_run(arguments))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(0)


def _run(arguments: list[str] | None) -> int:
    try:
        code: Any = firstlight.main(args=arguments, standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted: everything recorded so far is kept", err=True)
        return 130
    except KeyboardInterrupt:
        click.echo("interrupted: everything recorded so far is kept", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return 2
    except FirstlightError as error:
        if "--json" in (sys.argv[1:] if arguments is None else arguments):
            from firstlight.cli.output import print_json

            print_json({"error": {"code": error.code, "message": error.message}})
        click.echo(f"firstlight: [{error.code}] {error.message}", err=True)
        if error.detail:
            click.echo(f"  {error.detail}", err=True)
        return error.exit_code
    except Exception as error:
        if os.environ.get("FIRSTLIGHT_LOG_LEVEL") == "debug":
            raise
        words = "this is our bug; what was recorded is kept. FIRSTLIGHT_LOG_LEVEL=debug shows more"
        click.echo(f"firstlight: [internal] {type(error).__name__}: {words}", err=True)
        return 1
    return code if isinstance(code, int) else 0
