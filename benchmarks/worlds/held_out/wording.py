"""Instructions of campaigns: worded once, in a few variants, or anew for every request."""

from typing import Final, Literal, TypeAlias

import numpy as np
import polars as pl

from benchmarks.worlds.held_out.words import TEXTS
from benchmarks.worlds.text import choose

Wording: TypeAlias = Literal["fixed", "few", "reworded"]

#: An instruction's parts in order, for each part ways to say it; words in ``{a/b}`` alternate too.
Parts: TypeAlias = list[list[str]]
_PARTS: Final[dict[str, Parts]] = TEXTS["instructions"]
#: The same in four other languages; a rewording operator uses them for a part of the requests.
_ABROAD: Final[dict[str, Parts]] = TEXTS["abroad"]


def _spell(rng: np.random.Generator, ways: list[str]) -> str:
    text = ways[int(rng.integers(len(ways)))]
    while "{" in text:
        start = text.index("{")
        end = text.index("}", start)
        words = text[start + 1 : end].split("/")
        text = text[:start] + words[int(rng.integers(len(words)))] + text[end + 1 :]
    return text


def variants(rng: np.random.Generator, name: str, wording: Wording) -> list[str]:
    """Ways to put an instruction: one, five, or 1,500 different ones in several languages and orders."""
    if wording != "reworded":
        count = 1 if wording == "fixed" else 5
        return [" ".join(_spell(rng, part) for part in _PARTS[name]).strip() for _ in range(count)]
    made: set[str] = set()
    for _ in range(6000):
        parts = _PARTS[name]
        if name in _ABROAD and rng.random() < 0.25:
            lang = int(rng.integers(4))
            parts = [[ways[lang]] for ways in _ABROAD[name]]
        said = [_spell(rng, part) for part in parts]
        if rng.random() < 0.3:
            said = [said[i] for i in rng.permutation(len(said))]
        made.add(TEXTS["salt"][int(rng.integers(len(TEXTS["salt"])))] + " ".join(said).strip())
        if len(made) >= 1500:
            break
    return sorted(made)


def instruct(
    rng: np.random.Generator, name: str, wording: Wording, payload: pl.Series, before: float = 0.8
) -> pl.Series:
    """Put an instruction before (or, with the rest of the probability, after) each payload.

    A fixed wording keeps one place; ``few`` and ``reworded`` vary it.
    """
    ways = pl.Series(variants(rng, name, wording), dtype=pl.String)
    # The operator's script cuts the reasoning out by its tag, so there is one for the whole campaign.
    ways = ways.str.replace_all("trace>", str(rng.choice(TEXTS["tags"])) + ">", literal=True)
    said = ways.gather(rng.integers(len(ways), size=len(payload)))
    first = np.ones(len(payload), dtype=bool) if wording == "fixed" else rng.random(len(payload)) < before
    return choose(first, said + "\n\n" + payload, payload + "\n\n" + said)
