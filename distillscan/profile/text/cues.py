"""Cues: words and phrases that stand for a meaning, in groups, and how they and the texts are read.

They are TOML files in this folder, by group and language:

- ``grade`` is a word, ``grad*`` the beginning of one, ``rate {the|each} answer`` all its alternatives.
- In scripts without spaces a cue is found anywhere.
- Case, accents of Latin letters, width of letters, punctuation and the kind of white space do not matter.
"""

import itertools
import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

import numpy as np

from distillscan.compiled import I64

#: In the table of characters: the bits of the symbols, and by how many the number of them is shifted.
SYMBOLS: Final = (1 << 40) - 1
COUNT: Final = 40
#: Symbols of an ideograph, the space before it included; no other character has as many.
IDEOGRAPH: Final = 4
SPACE: Final = 32
MARKS: Final = "<>/[]{}+#`"
WHITE_SPACE: Final = " \t\n\r\f\v"

_ALTERNATIVES: Final = re.compile(r"\{([^{}]*)\}")
#: Letters U+00C0 to U+00FF without their accents, in lower case; a space for the two that are no letters.
_LATIN1: Final = b"aaaaaaaceeeeiiiidnooooo ouuuuytsaaaaaaaceeeeiiiidnooooo ouuuuyty"


def _characters() -> I64:
    """The symbols (bytes, the first one lowest) that each character up to U+FFFF is read as, and how many.

    Letters are in lower case and without accents (of Latin and Cyrillic, the others as they are), full-width forms are
    those of ASCII. Marks (``<>/[]{}+#`` and the backtick) have a space on either side, ideographs (and what else is
    written without spaces) one before them. What has no width is nothing; all else is a space.
    """
    code = np.arange(0x10000)
    continuation = 0x80 | code & 63
    two = 0xC0 | code >> 6 | continuation << 8
    three = 0xE0 | code >> 12 | (0x80 | code >> 6 & 63) << 8 | continuation << 16
    symbols, counts = np.where(code < 0x800, two, three), np.where(code < 0x800, 2, 3)
    ideograph = (code >= 0x800) & (code >> 12 != 1)
    symbols, counts = np.where(ideograph, symbols << 8 | SPACE, symbols), counts + ideograph
    for first, end in ((0, 0xC0), (0x2000, 0x3040), (0xD800, 0xE000), (0xFFC0, 0x10000)):
        symbols[first:end], counts[first:end] = SPACE, 1
    found: I64 = symbols | counts << COUNT
    found[[0xAD, 0x2060, 0xFEFF, *range(0x300, 0x370), *range(0x200B, 0x2010)]] = 0
    found[0xC0:0x100] = 1 << COUNT | np.frombuffer(_LATIN1, np.uint8).astype(np.int64)
    found[0x400:0x430] = [*found[0x450:0x460], *found[0x430:0x450]]
    found[[0x401, 0x451]] = found[0x435]
    for byte in map(ord, MARKS):
        found[byte] = 3 << COUNT | SPACE << 16 | byte << 8 | SPACE
    for letter in filter(str.isalnum, map(chr, range(0x80))):
        found[ord(letter)] = 1 << COUNT | ord(letter.lower())
    found[0xFF01:0xFF5F] = found[0x21:0x7F]
    return found


CHARACTERS: Final = _characters()
_IDEOGRAPH: Final = r"[\u0800-\u0fff\u3040-\ud7ff\ue000-\ufefe\uff00\uff5f-\uffbf]"
_IDEOGRAPH_EDGE: Final = re.compile(f"(?<={_IDEOGRAPH})(?!{_IDEOGRAPH})|(?<!{_IDEOGRAPH})(?={_IDEOGRAPH})")
_LEFT_OUT: Final = re.compile(rf"(?<={_IDEOGRAPH})[{WHITE_SPACE}]+(?=[^\x00-\x7f])|(?<=[0-9A-Za-z])\.(?=[0-9])")


class _Readings(dict[int, str]):
    """How characters are read, for ``str.translate``; the end of a cue stays what it is."""

    def __missing__(self, code: int) -> str:
        entry = int(CHARACTERS[code]) if code < 0x10000 else SPACE | 1 << COUNT
        symbols = (entry & SYMBOLS).to_bytes(5, "little")[: entry >> COUNT]
        self[code] = symbols.lstrip(b" ").decode() if len(symbols) == IDEOGRAPH else symbols.decode()
        return self[code]


_READINGS: Final = _Readings({0: "\0"})


def expand(cue: str) -> list[str]:
    """Return a cue's alternatives: ``a {b|c} d`` stands for ``a b d`` and ``a c d``."""
    parts = _ALTERNATIVES.split(cue)
    choices = [part.split("|") if k % 2 else [part] for k, part in enumerate(parts)]
    return ["".join(chosen) for chosen in itertools.product(*choices)]


def patterns(cues: Sequence[str]) -> list[bytes]:
    """Return the symbols that each cue (without alternatives) is found by.

    Raises:
        ValueError: Nothing is left of a cue.
    """
    plain = [cue.removesuffix("*").strip() for cue in cues]
    read = _IDEOGRAPH_EDGE.sub(" ", _LEFT_OUT.sub("", "\0".join(plain))).translate(_READINGS).split("\0")
    found, ideograph = [], re.compile(_IDEOGRAPH)
    for cue, text, symbols in zip(cues, plain, read, strict=True):
        body = " ".join(symbols.split())
        if not body:
            raise ValueError(f"the cue {cue!r} has neither letters nor marks")
        begin = "" if ideograph.match(text[0]) else " "
        end = "" if cue.endswith("*") or ideograph.match(text[-1]) else " "
        found.append(f"{begin}{body}{end}".encode())
    return found


def groups_by_pattern(groups: Mapping[str, Mapping[str, list[str]]]) -> dict[bytes, frozenset[str]]:
    """Return the patterns of cues given by group and language, with the groups of each."""
    expanded = [
        (group, plain)
        for group, languages in groups.items()
        for cue in itertools.chain.from_iterable(languages.values())
        for plain in expand(cue)
    ]
    found: dict[bytes, set[str]] = {}
    for (group, _), symbols in zip(expanded, patterns([cue for _, cue in expanded]), strict=True):
        found.setdefault(symbols, set()).add(group)
    return {symbols: frozenset(names) for symbols, names in found.items()}


def read_toml(name: str) -> dict[str, Any]:
    """Return a TOML file of this folder."""
    return tomllib.loads((files("distillscan.profile.text") / name).read_text("utf-8"))
