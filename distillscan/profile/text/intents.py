"""What a text asks for that harvesting a model asks for: a bit for every intent, found by cues in several languages."""

from collections.abc import Mapping
from functools import cache
from typing import Final

import polars as pl

from distillscan.profile.text import cues
from distillscan.profile.text.hashes import texts_of

#: Intents of harvesting, in the order of their bits.
HARVEST: Final = (
    "reasoning_trace",
    "rubric_grading",
    "preference_comparison",
    "inline_reasoning",
    "refusal_rewrite",
    "task_synthesis",
    "trace_cleaning",
    "replayed_reasoning",
)
#: Capabilities a prompt exercises; everybody's does. Their bits follow those of ``HARVEST``.
CAPABILITIES: Final = ("reasoning", "coding", "tools", "vision")
#: All of them in the order of their bits. New ones go to the end, so that profiles of different versions can be merged.
INTENTS: Final = (*HARVEST, *CAPABILITIES)

#: Bytes at either end of a text that are looked at: an instruction stands at an end, whatever it is about.
HEAD: Final = 4096
TAIL: Final = 4096
#: Distance between the cues of a rule that states none.
_WITHIN = 160


def _rule(text: str, bit: int = -1, becomes: str = "") -> cues.Rule:
    names, _, within = text.partition(" within ")
    return cues.Rule(tuple(names.split(" + ")), int(within) if within else _WITHIN, bit, becomes)


@cache
def _matcher() -> cues.Matcher:
    """The cues and rules of ``intents.toml``."""
    data = cues.read_toml("intents.toml")
    includes: Mapping[str, list[str]] = data["includes"]
    patterns = {
        symbols: frozenset(names).union(*(includes.get(name, []) for name in names))
        for symbols, names in cues.groups_by_pattern(data["groups"]).items()
    }
    groups = (*data["groups"], *data["phrases"])
    rules = [_rule(text, becomes=name) for name, text in data["phrases"].items()]
    rules += [_rule(text, INTENTS.index(name)) for name, texts in data["rules"].items() for text in texts]
    denial = cues.Denial("denial", tuple(data["denied"]["groups"]), data["denied"]["within"])
    return cues.Matcher(cues.build(patterns, groups), groups, rules, denial)


def intents_of(texts: pl.Series) -> pl.Series:
    """Return the intents of every text as a bit set (UInt32), 0 where it is null."""
    return pl.Series(texts.name, _matcher().match(texts_of(texts), HEAD, TAIL), dtype=pl.UInt32)
