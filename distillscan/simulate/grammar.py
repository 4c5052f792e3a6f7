"""Texts from a grammar: rules and word banks from TOML, expanded for many rows at once."""

import re
import tomllib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
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
#: Bytes made ready for each of the first texts, by whose length the room for the others is judged, and how generously.
_FIRST_ROOM: Final = 64
_TRIED: Final = 1_000
_SPARE: Final = 1.2
#: Texts from which on two threads write them.
_ROWS_FOR_TWO: Final = 20_000
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
    """Compiled rules: alternatives of a symbol, parts of an alternative and bytes of a literal, each as a range."""

    symbols: Mapping[str, int]
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
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
        if symbols.size < _ROWS_FOR_TWO:
            return self._write(symbols, seeds)
        half = symbols.size // 2
        with ThreadPoolExecutor(1) as other:
            rest = other.submit(self._write, symbols[half:], seeds[half:])
            return pl.concat([self._write(symbols[:half], seeds[:half]), rest.result()])

    def _write(self, symbols: npt.NDArray[np.int64], seeds: Seeds) -> pl.Series:
        tables = (self.first, self.last, self.cumulative, self.parts, self.codes, self.literals, self.letters)
        stack, offsets = np.empty(STACK, np.int64), np.zeros(symbols.size + 1, np.int64)
        out, done = np.empty(_FIRST_ROOM * min(symbols.size, _TRIED), np.uint8), 0
        while (done := write_texts(done, symbols, seeds, *tables, stack, offsets, out)) < symbols.size:
            written = int(offsets[done])
            left = int(_SPARE * (written + 1) / (done + 1) * (symbols.size - done))
            longer = np.empty(written + max(left, 2 * out.size), np.uint8)
            longer[:written] = out[:written]
            out = longer
        array = pa.LargeStringArray.from_buffers(symbols.size, pa.py_buffer(offsets), pa.py_buffer(out[: offsets[-1]]))
        text = pl.from_arrow(array)
        assert isinstance(text, pl.Series)  # noqa: S101  an arrow array gives a series, the signature cannot say so
        return text

    def bind(self, choices: Mapping[str, int]) -> "Grammar":
        """Return the grammar with one alternative left for each of these symbols, the so-manieth, counted around."""
        first, last = self.first.copy(), self.last.copy()
        for name, choice in choices.items():
            at = self.symbols[name]
            first[at] = last[at] = first[at] + choice % (last[at] + 1 - first[at])
        return replace(self, first=first, last=last)


def draw_seeds(rng: np.random.Generator, rows: int) -> Seeds:
    """Draw seeds for ``Grammar.write``, one per row."""
    return rng.integers(1, 2**31 - 2, rows)


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
        first=np.array(alternatives[:-1], np.int64),
        last=np.array(alternatives[1:], np.int64) - 1,
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
