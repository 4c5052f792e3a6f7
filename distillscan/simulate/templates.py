"""Prompt templates of programs: fixed text around a slot, used alike by honest clients and by campaigns."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np
import polars as pl

from distillscan.simulate import ids
from distillscan.simulate.grammar import Grammar, compile_rules, load_rules

Where = Literal["first", "last", "middle", "system"]
Goal = Literal["plain", "reasoning", "inline", "grading", "synthesis", "cleaning"]

#: Words that stay the same in every wording of one template, because they say what it is about.
_BOUND: Final = ("role", "field", "object", "verdict", "skill")
PAYLOADS: Final = ("article", "datablock", "context", "codeblock", "logblock", "clause")


@dataclass(frozen=True, slots=True)
class Template:
    """Text before and after the slot, and the system prompt if the instructions are there."""

    before: str
    after: str
    system: str | None


def wordings(rng: np.random.Generator, goal: Goal, where: Where, count: int, rules: int = 2) -> list[Template]:
    """One template in ``count`` wordings: the same role, object and aim, other sentences.

    Args:
        rng: source of randomness.
        goal: what the instructions ask for.
        where: place of the slot: after the instructions, before them, between them, or alone with the instructions
            in the system prompt.
        count: number of wordings.
        rules: how many rules of detail it has.
    """
    grammar = _bind(rng)
    lines = [grammar.expand(rng, name, count) for name in ("persona", "task")]
    aims = [grammar.expand(rng, f"goal_{goal}", count)] if goal != "plain" else []
    details = [grammar.expand(rng, "rule", count) for _ in range(rules)] + [grammar.expand(rng, "format", count)]
    label = str(grammar.expand(rng, "slot_label", 1).item())
    head = ids.join(_spaced([*lines, *aims, *details])).str.strip_chars()
    opening, closing = ids.join(_spaced(lines)).str.strip_chars(), ids.join(_spaced([*aims, *details]))
    match where:
        case "system":
            return [Template("", "", text) for text in head]
        case "last":
            return [Template(f"{text}\n\n{label}:\n", "", None) for text in head]
        case "first":
            return [Template("", f"\n\n{text}", None) for text in head]
        case "middle":
            pairs = zip(opening, closing, strict=True)
            return [Template(f"{start}\n\n{label}: ", f"\n\n{end}", None) for start, end in pairs]


def demands(rng: np.random.Generator, count: int) -> pl.Series:
    """An instruction to write the reasoning into the answer, fit for any request, in ``count`` wordings."""
    return _bind(rng).expand(rng, "injection", count)


def fill(templates: list[Template], which: np.typing.NDArray[np.int64], slot: pl.Series) -> dict[str, pl.Series]:
    """The ``prompt`` and ``system_prompt`` columns: each row's template around its slot."""
    before = pl.Series([template.before for template in templates], dtype=pl.String).gather(which)
    after = pl.Series([template.after for template in templates], dtype=pl.String).gather(which)
    system = pl.Series([template.system for template in templates], dtype=pl.String).gather(which)
    return {"prompt": ids.join([before, slot, after]), "system_prompt": system}


def private(rng: np.random.Generator, count: int, bare: float = 0.0) -> list[Template]:
    """``count`` unrelated templates, each of another client; a share ``bare`` sends the slot alone."""
    goals: list[Goal] = ["plain", "reasoning", "grading", "inline", "synthesis", "cleaning"]
    places: list[Where] = ["last", "system", "first", "middle"]
    aims = rng.choice(len(goals), count, p=[0.8, 0.07, 0.05, 0.03, 0.03, 0.02])
    spots = rng.choice(4, count, p=[0.4, 0.35, 0.15, 0.1])
    alone = rng.random(count) < bare
    sizes = rng.integers(0, 5, count)
    return [
        Template("", "", None) if alone[at] else wordings(rng, goals[aims[at]], places[spots[at]], 1, int(sizes[at]))[0]
        for at in range(count)
    ]


def _spaced(columns: list[pl.Series]) -> list[pl.Series | str]:
    out: list[pl.Series | str] = []
    for column in columns:
        out += [column, " "]
    return out[:-1]


def _bind(rng: np.random.Generator) -> Grammar:
    """The grammar with one choice made for the words that say what a template is about."""
    return _bound(tuple(int(value) for value in rng.integers(0, 2**31, len(_BOUND))))


@lru_cache(maxsize=16)
def _bound(choices: tuple[int, ...]) -> Grammar:
    rules = dict(load_rules())
    for name, choice in zip(_BOUND, choices, strict=True):
        bank = str(rules[name]).split("|")
        rules[name] = bank[choice % len(bank)]
    return compile_rules(rules)
