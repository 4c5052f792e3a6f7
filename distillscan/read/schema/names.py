"""Which names of columns a message may quote: in a file without a header they are the values of its first record."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

from distillscan.columns import READABLE
from distillscan.read.schema.hints import BODY_NAMES, HINTS, normalise
from distillscan.read.schema.model import presets
from distillscan.read.values.jsontext import split_path

_WORD: Final = r"[^\W\d]\w{0,39}"
_NAME: Final = re.compile(rf"[@$_]{{0,2}}{_WORD}(?:[ .:/-]{_WORD}|\[\w*=]{{1,40}}\]){{0,7}}")
#: A digit in a name is rare (``ja4``, ``utm_source2``); many are an identifier.
_DIGITS: Final = 4
_BLANKS: Final = 3


def nameable(names: Iterable[str], *, private: bool) -> list[str]:
    """Return those of the names that may be quoted: in private mode known ones, else what looks like a name."""
    return [name for name in names if is_known(name) or (not private and _looks_like_name(name))]


def shown_name(name: str) -> str:
    """Return a name if it is known, else that it is not shown: for notes, which private reports hold too."""
    return name if is_known(name) else "of one name"


def is_known(name: str) -> bool:
    """Return whether each step of a name or path is a name that logs are known to have."""
    steps = [step for step in name.split(".") if not step.isdigit()]
    return bool(steps) and all(normalise(step) in _known() for step in steps)


def _looks_like_name(name: str) -> bool:
    few = len(name) <= 80 and name.count(" ") <= _BLANKS and sum(map(str.isdigit, name)) < _DIGITS
    return few and _NAME.fullmatch(name) is not None


@cache
def _known() -> frozenset[str]:
    paths = (path for schema in presets().values() for path in schema.paths)
    steps = (step for path in paths for one in split_path(path) for step in one.split("."))
    hints = (name for names in (*HINTS.values(), *BODY_NAMES.values()) for name in names)
    return frozenset(map(normalise, (*READABLE, *steps, *hints, "message", "log", "line", "stream", "source", "host")))
