"""Texts from a grammar: rules and word banks from TOML, expanded for many rows at once."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from distillscan.simulate.text_kernel import STACK, write_texts

#: English first, then languages with a word file of their own, whose symbols carry a prefix ("es_ask").
LANGUAGES: Final = ("en", "es", "zh", "ru", "de", "fr", "pt")

_SYMBOL: Final = re.compile(r"\{(\w+)\}")
#: How steeply earlier words of a bank are preferred; 0 would make every word equally common.
_ZIPF: Final = 0.6
_BUILT_IN: Final[dict[str, str | list[str]]] = {
    "digit": "1|2|3|4|5|6|7|8|9|0",
    "lead": "1|2|3|4|5|6|7|8|9",
    "hex": "0|1|2|3|4|5|6|7|8|9|a|b|c|d|e|f",
    "int1": "3|5|2|4|7|6|8|9",
    "int2": ["{lead}{digit}"],
    "int3": ["{lead}{digit}{digit}", "{lead}{digit}{digit}{digit}"],
    "hexword": ["{hex}{hex}{hex}{hex}{hex}{hex}{hex}{hex}"],
    "money": ["${int2}", "€{int3}", "£{int2}.{digit}0", "${int3}", "{int3} euros"],
    "month": "January|February|March|April|May|June|July|August|September|October|November|December",
    "date": ["{lead} {month}", "1{digit} {month}", "2{digit} {month}", "2026-0{lead}-1{digit}"],
    "lb": ["{"],
    "rb": ["}"],
}

Rules = Mapping[str, str | list[str]]
Seeds = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Grammar:
    """Compiled rules: alternatives of a symbol, parts of an alternative, bytes of a literal, as ranges of the next."""

    symbols: Mapping[str, int]
    alternatives: npt.NDArray[np.int64]
    cumulative: npt.NDArray[np.float64]
    parts: npt.NDArray[np.int64]
    codes: npt.NDArray[np.int64]
    literals: npt.NDArray[np.int64]
    letters: npt.NDArray[np.uint8]

    def expand(self, rng: np.random.Generator, symbol: str, rows: int) -> pl.Series:
        """Draw one text per row from one rule or word bank."""
        return self.expand_each(rng, np.full(rows, self.symbols[symbol], np.int64))

    def expand_each(self, rng: np.random.Generator, symbols: npt.NDArray[np.int64]) -> pl.Series:
        """Draw one text per row, each from its row's symbol (a value of ``symbols``)."""
        return self.write(symbols, draw_seeds(rng, symbols.size))

    def write(self, symbols: npt.NDArray[np.int64], seeds: Seeds) -> pl.Series:
        """Return the texts of these seeds: the same symbol and seed give the same text."""
        tables = (self.alternatives, self.cumulative, self.parts, self.codes, self.literals)
        stack, offsets = np.empty(STACK, np.int64), np.zeros(symbols.size + 1, np.int64)
        write_texts(symbols, seeds, *tables, self.letters, stack, offsets, np.empty(0, np.uint8))
        data = np.empty(offsets[-1], np.uint8)
        write_texts(symbols, seeds, *tables, self.letters, stack, offsets, data)
        array = pa.LargeStringArray.from_buffers(symbols.size, pa.py_buffer(offsets), pa.py_buffer(data))
        text = pl.from_arrow(array)
        assert isinstance(text, pl.Series)  # noqa: S101  an arrow array gives a series, the signature cannot say so
        return text


def draw_seeds(rng: np.random.Generator, rows: int) -> Seeds:
    """Draw seeds for ``Grammar.write``, one per row."""
    return rng.integers(1, 2**31 - 2, rows)


def reachable(rules: Rules, roots: Iterable[str]) -> dict[str, str | list[str]]:
    """Return the rules that texts of these symbols are made of, in the order of ``rules``."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _SYMBOL.findall(str(rules[name]))
    return {name: body for name, body in rules.items() if name in found}


def compile_rules(rules: Rules) -> Grammar:
    """Compile named rules into the flat tables that the kernel reads.

    Raises:
        KeyError: A rule refers to a symbol that no rule defines.
    """
    symbols = {name: at for at, name in enumerate(rules)}
    literal_ids: dict[str, int] = {}
    alternatives, cumulative, parts, codes = [0], [], [0], []
    for body in rules.values():
        choices = body.split("|") if isinstance(body, str) else body
        weights = (np.arange(len(choices)) + 2.0) ** (-_ZIPF if isinstance(body, str) else 0.0)
        cumulative.append(np.cumsum(weights) / weights.sum())
        for choice in choices:
            for at, piece in enumerate(_SYMBOL.split(choice)):
                if at % 2:
                    codes.append(-1 - symbols[piece])
                elif piece:
                    codes.append(literal_ids.setdefault(piece, len(literal_ids)))
            parts.append(len(codes))
        alternatives.append(len(parts) - 1)
    encoded = [literal.encode() for literal in literal_ids]
    return Grammar(
        symbols=symbols,
        alternatives=np.array(alternatives, np.int64),
        cumulative=np.concatenate(cumulative),
        parts=np.array(parts, np.int64),
        codes=np.array(codes, np.int64),
        literals=np.concatenate([[0], np.cumsum([len(literal) for literal in encoded])]).astype(np.int64),
        letters=np.frombuffer(b"".join(encoded), np.uint8).copy(),
    )


def _prefixed(prefix: str, rules: Rules) -> dict[str, str | list[str]]:
    """Rename the symbols of one language, and what they refer to, so that all languages fit in one grammar."""

    def rename(text: str) -> str:
        return _SYMBOL.sub(lambda hit: f"{{{prefix}{hit[1]}}}" if hit[1] in rules else hit[0], text)

    return {
        prefix + name: rename(body) if isinstance(body, str) else [rename(choice) for choice in body]
        for name, body in rules.items()
    }


@cache
def load_rules() -> Rules:
    """Return the packaged words and rules of every language, by symbol."""
    folder = resources.files("distillscan.simulate.words")

    def read(name: str) -> Rules:
        rules: Rules = tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))
        return rules

    rules: dict[str, str | list[str]] = dict(_BUILT_IN)
    for name in ("en", "en_rules", "work_rules"):
        rules |= read(name)
    for language in LANGUAGES[1:]:
        rules |= _prefixed(f"{language}_", {**read(language), **read(f"{language}_work")})
    return rules


@cache
def load_grammar() -> Grammar:
    """Return the packaged words and rules as one grammar."""
    return compile_rules(load_rules())
