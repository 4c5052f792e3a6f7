"""Errors that are written for the analyst, and what helps to write them; the command line gives each its exit code."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import Final


class DistillscanError(Exception):
    """Base of every error distillscan raises on purpose; its text says what was found, where, and what to do next."""


class UsageError(DistillscanError):
    """A wrong option, mapping, parameter or configuration file (exit code 2)."""


class InputError(DistillscanError):
    """No usable input: nothing found, nothing readable, or no row left (exit code 3)."""


#: Similarity (0 to 1) below which a name is not taken for a misspelling of another; of names of three letters or less.
_ALIKE, _ALIKE_SHORT = 0.7, 0.85
#: Letters below which a name is short; the beginning or end of a known name that is longer is compared by itself
#: (``account`` of ``account_id``).
_SHORT: Final = 4


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that ``name`` is most likely a misspelling or a part of, None if it is like none.

    Case and separators do not count; where two are equally alike, the one that is listed first is returned.
    """
    ranked = [(_likeness(name, candidate), candidate) for candidate in known]
    best = max(ranked, key=lambda pair: pair[0], default=None)
    return None if best is None or best[0][0] < _ALIKE else best[1]


def did_you_mean(name: str, known: Iterable[str], everything: str) -> str:
    """Return a question with the known name closest to ``name``; if none is close, ``everything`` and all of them."""
    names = list(known)
    close = closest(name, names)
    return f"did you mean {close}?" if close else f"{everything} {', '.join(names)}"


def _likeness(name: str, candidate: str) -> tuple[float, float]:
    """How alike two names are in letters and digits, a part of the candidate a little less; then as they are."""
    wanted, words = (re.findall(r"[^\W_]+", text.casefold()) for text in (name, candidate))
    starts = ("".join(words[:end]) for end in range(1, len(words)))
    ends = ("".join(words[start:]) for start in range(1, len(words)))
    letters = "".join(wanted)
    parts = (0.9 * _ratio(letters, part) for part in (*starts, *ends) if len(part) >= _SHORT)
    return max(_ratio(letters, "".join(words)), *parts, 0.0), _ratio(name, candidate)


def _ratio(one: str, other: str) -> float:
    ratio = SequenceMatcher(None, one, other, autojunk=False).ratio()
    return 0.0 if min(len(one), len(other)) < _SHORT and ratio < _ALIKE_SHORT else ratio
