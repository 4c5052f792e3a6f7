"""What a text asks for that harvesting a model asks for: a bit for every intent, found by cues in several languages."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from distillscan.compiled import U32
from distillscan.profile.text import rules
from distillscan.profile.text.automaton import build
from distillscan.profile.text.cues import groups_by_pattern, read_toml
from distillscan.profile.text.hashes import Texts

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


def _rule(text: str, bits: int = 0, becomes: str = "") -> rules.Rule:
    names, _, within = text.partition(" within ")
    return rules.Rule(tuple(names.split(" + ")), int(within or _WITHIN), bits, becomes)


@cache
def _matcher() -> rules.Matcher:
    """The cues and rules of ``intents.toml``."""
    data = read_toml("intents.toml")
    includes: Mapping[str, list[str]] = data["includes"]
    patterns = {
        symbols: frozenset(names).union(*(includes.get(name, []) for name in names))
        for symbols, names in groups_by_pattern(data["groups"]).items()
    }
    listed = [_rule(text, becomes=name) for name, text in data["phrases"].items()]
    listed += [_rule(text, 1 << INTENTS.index(name)) for name, texts in data["rules"].items() for text in texts]
    denial = rules.Denial("denial", tuple(data["denied"]["groups"]), data["denied"]["within"])
    return rules.Matcher(build(patterns, (*data["groups"], *data["phrases"])), listed, denial)


def intents_of(texts: Texts) -> U32:
    """Return the intents of every text as a bit set, 0 where it is null."""
    return _matcher().match(texts, HEAD, TAIL)
