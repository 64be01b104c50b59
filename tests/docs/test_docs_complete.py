"""The reference pages name everything there is."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import click
import pytest

from firstlight.cli.main import COMMANDS
from firstlight.config import Settings
from firstlight.errors import every_error
from firstlight.model.bounds import Bounds
from firstlight.triage.wording import lead_kinds

DOCS = Path(__file__).parents[2] / "docs"


def commands() -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []

    def walk(name: str, command: click.Command) -> None:
        found.append((name, command))
        if isinstance(command, click.Group):
            for child, part in command.commands.items():
                walk(f"{name} {child}", part)

    for name, (module, _) in COMMANDS.items():
        walk(name, importlib.import_module(f"firstlight.cli.{module}").command)
    return found


def section(name: str) -> str:
    text = (DOCS / "reference" / "commands.md").read_text()
    parts = re.split(r"^#+ firstlight ", text, flags=re.MULTILINE)
    return next(part for part in parts if part.splitlines()[0] == name)


@pytest.mark.parametrize(("name", "command"), commands(), ids=str)
def test_every_command_and_option_is_described(name, command):
    text = section(name)
    for parameter in command.params:
        for option in parameter.opts:
            if option.startswith("-"):
                assert option in text, f"{name}: {option}"


def test_no_command_is_described_that_is_not_there():
    text = (DOCS / "reference" / "commands.md").read_text()
    named = set(re.findall(r"^#+ firstlight (.+)$", text, flags=re.MULTILINE))
    assert named == {name for name, _ in commands()}


def test_every_setting_is_described_with_its_default():
    text = (DOCS / "reference" / "settings.md").read_text()
    for name, field in Settings.model_fields.items():
        default = "not set" if field.default is None else str(field.default)
        assert f"| `FIRSTLIGHT_{name.upper()}` | {default} |" in text


def test_every_error_is_described_with_its_exit_code():
    text = (DOCS / "reference" / "errors.md").read_text()
    for error in every_error():
        retryable = "yes" if error.retryable else "no"
        row = f"| `{error.code}` | {error.__name__} | {error.exit_code} | {retryable} |"
        assert row in text


def test_codes_are_unique():
    codes = [error.code for error in every_error()]
    assert len(codes) == len(set(codes))


def test_settings_and_bounds_agree():
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    for name, value in ((f.name, f.default) for f in Bounds.__dataclass_fields__.values()):
        assert defaults[name] == value


def test_every_link_between_pages_leads_somewhere():
    for page in DOCS.rglob("*.md"):
        for target in re.findall(r"\]\(([^)#:]+\.md)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_kind_of_lead_is_described_in_its_order():
    text = (DOCS / "reference" / "leads.md").read_text()
    named = re.findall(r"^\| `([a-z-]+)` \|", text, flags=re.MULTILINE)
    assert named == list(lead_kinds())
