"""What of the input could not be read: whole files, and parts of files; collected from several threads."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final, Literal

from distillscan.errors import InputError

Status = Literal["read", "partial", "skipped"]

#: Places in one file, and files, that are named one by one; the rest is counted.
_PLACES: Final = 3
_FILES: Final = 10


@dataclass(frozen=True, slots=True, order=True)
class Damage:
    """A part of one input that could not be read.

    Attributes:
        row: Number of the first record that is lost.
        reason: What was found, where, and what to do; a sentence that names the file.
    """

    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file of which nothing was read.

    Attributes:
        path: Its name for people.
        local: Where its bytes are.
        bytes: Its size, 0 where even that is unknown.
        reason: Why; a sentence that names the file.
        harmless: Whether nothing can have been lost: an empty text file.
    """

    path: str
    local: Path
    bytes: int
    reason: str
    harmless: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file.

    Attributes:
        path: Its name for people.
        source: Its number in batches; ``None`` for a file that was skipped.
        bytes: Its size when it was opened.
        sha256: Hash of these bytes, empty where they cannot be read.
        status: ``read`` whole, ``partial`` or ``skipped``.
        reason: Why it was not read whole, else empty.
        harmless: Whether nothing can have been lost all the same.
    """

    path: str
    source: int | None
    bytes: int
    sha256: str
    status: Status
    reason: str
    harmless: bool


class Damages:
    """Damage by input; the same log gives the same damage, whatever the order of reading and however often."""

    def __init__(self) -> None:
        self._found: defaultdict[int, set[Damage]] = defaultdict(set)
        self._lock = Lock()

    def add(self, source: int, damage: Iterable[Damage]) -> None:
        """Add what was found in an input; saying it again changes nothing."""
        with self._lock:
            self._found[source].update(damage)

    def reason(self, source: int) -> str:
        """Return why an input was not read whole, in the order of the file; empty if it was."""
        with self._lock:
            reasons = list(dict.fromkeys(one.reason for one in sorted(self._found.get(source, ()))))
        more = f"; and {len(reasons) - _PLACES:,} more places" if len(reasons) > _PLACES else ""
        return "; ".join(reasons[:_PLACES]) + more


def nothing_readable(skipped: Sequence[Skipped]) -> InputError:
    """Return the error for a log of which no file can be read."""
    if all(one.harmless for one in skipped):
        return InputError(f"nothing to read: {_listed([one.path for one in skipped])} is empty")
    if len(skipped) == 1:
        return InputError(skipped[0].reason)
    return InputError(
        "\n".join((f"none of {len(skipped):,} files can be read:", *first_reasons([one.reason for one in skipped])))
    )


def first_reasons(reasons: Sequence[str]) -> list[str]:
    """Return the first reasons, and how many more there are."""
    more = [f"and {len(reasons) - _FILES:,} more files"] if len(reasons) > _FILES else []
    return [*reasons[:_FILES], *more]


def shortcomings(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """Return what to say, in the report and to the analyst, about files that were not read whole; empty if all were."""
    incomplete = [one for one in outcomes if one.status != "read" and not one.harmless]
    if not incomplete:
        return ()
    words = {"skipped": "left out", "partial": "read in part"}
    inputs = "input was" if len(outcomes) == 1 else "inputs were"
    head = f"{len(incomplete):,} of {len(outcomes):,} {inputs} not read whole"
    return (head, *first_reasons([f"{words[one.status]}: {one.reason}" for one in incomplete]))


def _listed(paths: Sequence[str]) -> str:
    return ", ".join(paths[:_FILES]) + (f" and {len(paths) - _FILES:,} more" if len(paths) > _FILES else "")
