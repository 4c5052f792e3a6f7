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
    """A part of one input that could not be read: its first lost record, and a sentence that names the file."""

    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file of which nothing was read: its name for people, where its bytes are, its size (0 if unknown), and why.

    ``reason`` is a sentence that names the file; ``harmless`` says that nothing can have been lost.
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
        source: Its number in batches; ``None`` for a file that was skipped.
        bytes: Its size when it was opened.
        sha256: Hash of these bytes, empty where they cannot be read.
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
        more = f" and {len(skipped) - _FILES:,} more" if len(skipped) > _FILES else ""
        return InputError(f"nothing to read: {', '.join(one.path for one in skipped[:_FILES])}{more} is empty")
    if len(skipped) == 1:
        return InputError(skipped[0].reason)
    reasons = _first([one.reason for one in skipped])
    return InputError("\n".join((f"none of {len(skipped):,} files can be read:", *reasons)))


def _first(reasons: Sequence[str]) -> list[str]:
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
    return (head, *_first([f"{words[one.status]}: {one.reason}" for one in incomplete]))
