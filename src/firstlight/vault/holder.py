"""Making, loading, saving and moving the secret of a home, wherever it is held."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from firstlight.errors import KeyMissingError, KeyWrongError, UsageError
from firstlight.vault.durable_file import Step, no_step, read_small, translated, waiting_name
from firstlight.vault.holder_fact import (
    KEYS_FOLDER,
    HolderFacts,
    Place,
    first_signing_key,
    read_facts,
    write_facts,
)
from firstlight.vault.holder_kind import (
    FileHolder,
    Holder,
    KeyringHolder,
    PassphraseHolder,
    file_id,
)
from firstlight.vault.key_folder import HOME_KEY
from firstlight.vault.passphrase import PassphraseCost, check_new_passphrase
from firstlight.vault.secret import HomeSecret

SEALED_FILE = "secret.sealed"


@dataclass(frozen=True, slots=True)
class KeySettings:
    """What a process was told about its key; never shown, never logged.

    Args:
        key_file: Path that overrides the one in the home's record.
        passphrase_file: File whose first line is the passphrase.
        passphrase: The passphrase itself.
        key_store: Where a new key goes: ``auto``, ``file``, ``passphrase`` or ``keyring``.
        ask: Asks a person, once; None where nobody can be asked.
        cost: Of passphrases that seal from now on.
    """

    key_file: str | None = None
    passphrase_file: str | None = None
    passphrase: str | None = field(default=None, repr=False)
    key_store: str = "auto"
    ask: Callable[[], str] | None = field(default=None, repr=False, compare=False)
    cost: PassphraseCost = field(default_factory=PassphraseCost)

    def __post_init__(self) -> None:
        """Ask at most once."""
        if self.ask is not None:
            object.__setattr__(self, "ask", cache(self.ask))

    def passphrase_text(self) -> str:
        """Give the passphrase: of the file, else as given, else asked for.

        Raises:
            KeyMissingError: There is none.
        """
        if self.passphrase_file:
            try:
                content = read_small(Path(self.passphrase_file))
            except OSError as error:
                raise KeyMissingError(
                    f"the passphrase file cannot be read ({error.strerror})",
                    detail=self.passphrase_file,
                ) from error
            text = content.split(b"\n", 1)[0].rstrip(b"\r").decode("utf-8", "surrogateescape")
        elif self.passphrase:
            text = self.passphrase
        elif self.ask is not None:
            text = self.ask()
        else:
            text = ""
        if not text:
            raise KeyMissingError(
                "this home's key is under a passphrase: give it by FIRSTLIGHT_PASSPHRASE_FILE or"
                " FIRSTLIGHT_PASSPHRASE, or on a terminal"
            )
        return text


def make_secret(home_path: Path, settings: KeySettings, step: Step = no_step) -> HomeSecret:
    """Make the secret of a new home and hand it to its holder; on disk on return.

    A home that has keys already is not given another secret: the one it has is loaded. So is
    the one that a killed attempt left at the same place before the first key was made. Nothing
    that the home's record names is destroyed: it may be the only key of another home.

    Raises:
        SettingError: The passphrase is too easily tried out.
        UsageError: The key file's place is taken.
        KeyMissingError: The holder cannot be used here.
    """
    facts = read_facts(home_path)
    if (home_path / KEYS_FOLDER / HOME_KEY).exists():
        return load_secret(home_path, settings)
    if facts is not None and facts.place == new_place(settings, facts.secret_id):
        left = holder_of(home_path, facts, facts.place, settings)
        try:
            return load_secret(home_path, settings)
        except KeyMissingError:
            if isinstance(left, FileHolder):
                left.destroy()
        except KeyWrongError:
            pass
    secret = HomeSecret.generate()
    facts = HolderFacts(
        secret.secret_id,
        new_place(settings, secret.secret_id),
        None,
        (first_signing_key(secret),),
    )
    holder = holder_of(home_path, facts, facts.place, settings)
    if facts.place.kind == "passphrase":
        check_new_passphrase(settings.passphrase_text())
    refuse_taken(holder)
    with translated("making the key folder"):
        (home_path / KEYS_FOLDER).mkdir(mode=0o700, exist_ok=True)
    write_facts(home_path, facts, step)
    holder.store(secret, step)
    return secret


def load_secret(home_path: Path, settings: KeySettings) -> HomeSecret:
    """Load the secret from its holder.

    Raises:
        KeyMissingError: It is not to be had here; says what to do.
        KeyWrongError: A wrong passphrase, a damaged key, or another home's.
    """
    facts = facts_of(home_path)
    secret = holder_of(home_path, facts, current_place(facts, settings), settings).load()
    if secret.secret_id != facts.secret_id:
        raise KeyWrongError("this key is another home's")
    return secret


def save_secret(
    home_path: Path, settings: KeySettings, secret: HomeSecret, step: Step = no_step
) -> None:
    """Hand a newer state of the secret to the holder it has; on disk on return.

    Raises:
        KeyWrongError: The passphrase is not the one that seals it now; nothing was changed.
    """
    facts = facts_of(home_path)
    place = current_place(facts, settings)
    holder = holder_of(home_path, facts, place, settings)
    if place.kind == "passphrase":
        # Else a slip of the fingers would seal the home under words that nobody knows.
        holder.load()
    holder.store(secret, step)
    if place != facts.place:
        write_facts(home_path, replace(facts, place=place), step)


def warnings_of(home_path: Path, settings: KeySettings) -> list[str]:
    """Say what weakens the key of this home, in sentences without paths."""
    facts = read_facts(home_path)
    if facts is None:
        return []
    found: list[str] = []
    if facts.leaving is not None and not is_same_place(
        facts.leaving, current_place(facts, settings)
    ):
        found.append(
            "an older copy of the key is still to be destroyed; any command that writes tries again"
        )
    place = current_place(facts, settings)
    if place.kind == "file" and place.key_file:
        found += _weaknesses("the key file", Path(place.key_file), home_path)
    if place.kind == "passphrase" and settings.passphrase_file:
        found += _weaknesses("the passphrase file", Path(settings.passphrase_file), home_path)
    return found


def facts_of(home_path: Path) -> HolderFacts:
    """Read who holds the key.

    Raises:
        KeyMissingError: The home does not say.
    """
    facts = read_facts(home_path)
    if facts is None:
        raise KeyMissingError(
            "this home does not say who holds its key: restore the folder 'keys' from a backup, or"
            " use an escrow copy (`firstlight key import`)",
            detail=str(home_path / KEYS_FOLDER),
        )
    return facts


def holder_of(home_path: Path, facts: HolderFacts, place: Place, settings: KeySettings) -> Holder:
    """Give the holder at a place."""
    if place.kind == "file":
        return FileHolder(Path(place.key_file or ""), facts.secret_id)
    if place.kind == "keyring":
        return KeyringHolder(facts.secret_id)
    path = home_path / KEYS_FOLDER / SEALED_FILE
    return PassphraseHolder(path, settings.passphrase_text, settings.cost)


def current_place(facts: HolderFacts, settings: KeySettings) -> Place:
    """Where the secret is held, as the home says; a key file may be named anew."""
    if facts.place.kind == "file" and settings.key_file:
        return Place("file", _absolute(settings.key_file))
    return facts.place


def is_same_place(one: Place, other: Place) -> bool:
    """Whether two places are one, however they are spelled and whatever links lead there."""
    if one.kind != other.kind or one.kind != "file":
        return one.kind == other.kind
    first, second = Path(one.key_file or ""), Path(other.key_file or "")
    if os.path.realpath(first) == os.path.realpath(second):
        return True
    return file_id(first) is not None and file_id(first) == file_id(second)


def new_place(settings: KeySettings, secret_id: str) -> Place:
    """Choose where a new secret goes.

    ``auto`` is the key file that is named, else the passphrase that is given, else a key file
    in the user's configuration folder.
    """
    kind = settings.key_store
    if kind == "auto":
        has_passphrase = bool(settings.passphrase_file or settings.passphrase)
        kind = "passphrase" if has_passphrase and not settings.key_file else "file"
    if kind != "file":
        return Place(kind)
    if settings.key_file:
        return Place("file", _absolute(settings.key_file))
    from platformdirs import user_config_path

    folder = user_config_path("firstlight") / "keys"
    return Place("file", str(folder / f"{secret_id}.json"))


def is_inside(path: Path, folder: Path) -> bool:
    """Whether a path lies in a folder, links followed."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def refuse_taken(holder: Holder) -> None:
    """Never write a new key over a file that is there.

    Raises:
        UsageError: The place is taken.
    """
    if isinstance(holder, FileHolder) and (
        os.path.lexists(holder.path) or os.path.lexists(waiting_name(holder.path))
    ):
        raise UsageError(
            "there is a file in the place of the new key file; name a new one",
            detail=str(holder.path),
        )


def _weaknesses(what: str, path: Path, home_path: Path) -> list[str]:
    found = []
    if is_inside(path, home_path):
        found.append(
            f"{what} lies inside the home folder: whoever takes the folder takes the key with it"
        )
    try:
        is_open = path.stat().st_mode & 0o077
    except OSError:
        is_open = 0
    if is_open:
        found.append(f"{what} can be read by other users of this machine (set its mode to 0600)")
    return found


def _absolute(path: str) -> str:
    return os.path.abspath(os.path.expanduser(path))
