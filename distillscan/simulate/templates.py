"""Prompt templates of programs: fixed text around a slot, used alike by honest clients and by campaigns."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Final, Literal

import numpy as np
import polars as pl

from distillscan.simulate import ids
from distillscan.simulate.grammar import LANGUAGES, Grammar, load_grammar

Where = Literal["first", "last", "middle", "system"]
Goal = Literal[
    "plain", "reasoning", "inline", "grading", "synthesis", "cleaning", "comparison", "refusal", "agentic"
]  # fmt: skip
#: A goal, or several in turn.
Aim = Literal["mixed", Goal]
#: A language of ``LANGUAGES``, or every template and instruction in another one.
Tongue = Literal["en", "es", "zh", "ru", "de", "fr", "pt", "mixed"]

#: Symbols drawn once for all wordings of a template, because they say what it is about.
_BOUND: Final = ("role", "field", "object", "verdict", "skill")
#: Goals of unrelated clients and how common each is; the wide list has everything a campaign may ask for.
_COMMON: Final[tuple[tuple[Goal, float], ...]] = (
    ("plain", 0.8), ("reasoning", 0.07), ("grading", 0.05), ("inline", 0.03), ("synthesis", 0.03), ("cleaning", 0.02),
)  # fmt: skip
_WIDE: Final[tuple[tuple[Goal, float], ...]] = (
    ("plain", 0.74), ("reasoning", 0.07), ("grading", 0.05), ("inline", 0.03), ("synthesis", 0.03), ("cleaning", 0.02),
    ("comparison", 0.02), ("refusal", 0.01), ("agentic", 0.03),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Template:
    """Text before and after the slot, and the system prompt if it holds the instructions."""

    before: str
    after: str
    system: str | None


def wordings(
    rng: np.random.Generator, goal: Goal, where: Where, count: int, rules: int = 2, language: Tongue = "en"
) -> list[Template]:
    """Draw one template in ``count`` wordings: the same role, object and goal in other sentences.

    Args:
        rng: Source of randomness.
        goal: What the instructions ask for.
        where: Place of the slot: after the instructions, before them, between them, or alone with the instructions
            in the system prompt.
        count: Number of wordings.
        rules: How many rules of detail it has.
        language: Language of the instructions; "mixed" takes all in turn, beginning with a random one.
    """
    if language == "mixed":
        parts = [wordings(rng, goal, where, size, rules, one) for one, size in _turns(rng, count)]
        return [one for one in chain.from_iterable(zip_longest(*parts)) if one is not None]
    grammar = _bind(rng, language)

    def say(symbol: str, texts: int) -> pl.Series:
        return grammar.expand(rng, symbol_name(language, symbol), texts)

    lines = [say(name, count) for name in ("persona", "task")]
    aims = [say(f"goal_{goal}", count)] if goal != "plain" else []
    details = [say("rule", count) for _ in range(rules)] + [say("format", count)]
    label = str(say("slot_label", 1).item())
    head = ids.concatenate(_spaced([*lines, *aims, *details], language)).str.strip_chars()
    opening = ids.concatenate(_spaced(lines, language)).str.strip_chars()
    closing = ids.concatenate(_spaced([*aims, *details], language))
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


def symbol_name(language: str, symbol: str) -> str:
    """Return the name of a symbol in the grammar for a language."""
    return symbol if language == "en" else f"{language}_{symbol}"


def reasoning_instructions(rng: np.random.Generator, count: int, language: Tongue = "en") -> pl.Series:
    """Draw an instruction to write the reasoning into the answer, for any request, in ``count`` wordings."""
    if language == "mixed":
        return pl.concat([reasoning_instructions(rng, size, one) for one, size in _turns(rng, count)])
    return _bind(rng, language).expand(rng, symbol_name(language, "injection"), count)


def fill_templates(
    templates: list[Template], which: np.typing.NDArray[np.int64], slot: pl.Series
) -> dict[str, pl.Series]:
    """Return ``prompt`` and ``system_prompt``: each row's template around its slot."""
    before = pl.Series([template.before for template in templates], dtype=pl.String).gather(which)
    after = pl.Series([template.after for template in templates], dtype=pl.String).gather(which)
    system = pl.Series([template.system for template in templates], dtype=pl.String).gather(which)
    return {"prompt": ids.concatenate([before, slot, after]), "system_prompt": system}


def private_templates(
    rng: np.random.Generator, count: int, bare: float = 0.0, languages: Sequence[str] | None = None, *,
    wide: bool = False,
) -> list[Template]:  # fmt: skip
    """Draw ``count`` unrelated templates, each of another client.

    Args:
        rng: Source of randomness.
        count: Number of templates.
        bare: Share of clients who send the slot alone.
        languages: Language of each client's instructions; English if not given.
        wide: Whether they ask for everything that campaigns ask for.
    """
    goals = _WIDE if wide else _COMMON
    places: list[Where] = ["last", "system", "first", "middle"]
    aims = rng.choice(len(goals), count, p=[share for _, share in goals])
    spots = rng.choice(4, count, p=[0.4, 0.35, 0.15, 0.1])
    alone = rng.random(count) < bare
    sizes = rng.integers(0, 5, count)
    tongues = ["en"] * count if languages is None else languages
    return [
        Template("", "", None)
        if alone[at]
        else wordings(rng, goals[aims[at]][0], places[spots[at]], 1, int(sizes[at]), tongues[at])[0]  # type: ignore[arg-type]  # from LANGUAGES
        for at in range(count)
    ]


def _turns(rng: np.random.Generator, count: int) -> list[tuple[Tongue, int]]:
    """How many of ``count`` wordings each language has: as equal as they can be, beginning with a random language."""
    start = int(rng.integers(0, len(LANGUAGES)))
    order = LANGUAGES[start:] + LANGUAGES[:start]
    sizes = [count // len(order) + (at < count % len(order)) for at in range(len(order))]
    return [(one, size) for one, size in zip(order, sizes, strict=True) if size]  # type: ignore[misc]  # from LANGUAGES


def _spaced(columns: list[pl.Series], language: Tongue) -> list[pl.Series | str]:
    out: list[pl.Series | str] = []
    for column in columns:
        out += [column, "" if language == "zh" else " "]
    return out[:-1]


def _bind(rng: np.random.Generator, language: Tongue) -> Grammar:
    """The grammar with one alternative left for the words that say what a template is about."""
    names = [symbol_name(language, name) for name in _BOUND]
    return load_grammar().bind(dict(zip(names, rng.integers(0, 2**31, len(names)).tolist(), strict=True)))
