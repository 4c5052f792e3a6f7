"""Rules about groups of cues that stand close together.

A rule needs an act *and* an object (and sometimes a manner), each named by any of many cues, within a short stretch
of text. So a paraphrase is found, and a phrase that everybody uses is not enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from distillscan.compiled import I16, I32, I64, U8, U16, U32, kernel
from distillscan.profile.text.automaton import READING, Automaton, find_cues, padded
from distillscan.profile.text.hashes import Texts

_LONG_AGO: Final = -(1 << 40)


@dataclass(frozen=True, slots=True)
class Rule:
    """Groups that say something together when they stand within so many symbols (bytes) of each other.

    Attributes:
        groups: All of them must be there.
        within: The most there may be from the end of the first to the end of the last.
        bits: What they say; 0 if it is only part of something.
        becomes: The group that is there as well then, none if empty.
    """

    groups: tuple[str, ...]
    within: int
    bits: int = 0
    becomes: str = ""


@dataclass(frozen=True, slots=True)
class Denial:
    """Groups whose cues do not count within so many symbols of a cue of the group ``word``."""

    word: str
    groups: tuple[str, ...]
    within: int


class Matcher:
    """Rules about the groups of cues that an automaton finds."""

    def __init__(self, automaton: Automaton, rules: Sequence[Rule], denial: Denial) -> None:
        """Number the rules.

        Raises:
            ValueError: A rule about a group that has no cues.
        """
        number = {name: k for k, name in enumerate(automaton.names)}
        named = {name for rule in rules for name in (*rule.groups, rule.becomes) if name}
        if unknown := (named | {denial.word, *denial.groups}) - set(number):
            raise ValueError(f"a rule needs the group {min(unknown)!r}, which has no cues")
        needed = [[number[name] for name in rule.groups] for rule in rules]
        by_group = [[r for r, groups in enumerate(needed) if k in groups] for k in number.values()]
        self._automaton, self._denial, self._near = automaton, number[denial.word], denial.within
        # Of each group 1 if a denial turns it off, else 0; then the rules that need it.
        self._rules_of = padded([[int(name in denial.groups), *by_group[k]] for name, k in number.items()])
        self._needed = padded(needed)
        # Of each rule the most bytes between its groups, its bits, and the group that it stands for or -1.
        self._rules = np.array([(rule.within, rule.bits, number.get(rule.becomes, -1)) for rule in rules])

    def match(self, texts: Texts, head: int, tail: int) -> U32:
        """Return the bits of the rules that match each text, of which ``head`` and ``tail`` bytes are looked at."""
        bits, groups = np.zeros(len(texts), np.uint32), len(self._automaton.names)
        last, news = np.empty(groups, np.int64), np.empty(2 * groups, np.int64)
        reading = self._automaton.reading(texts, head, tail)
        match_rules(*reading, self._rules_of, self._needed, self._rules, self._denial, self._near, last, news, bits)
        return bits


@kernel(f"void({READING}, i2[:, ::1], i2[:, ::1], i8[:, ::1], i8, i8, i8[::1], i8[::1], u4[::1])")
def match_rules(  # noqa: C901 - one loop on purpose
    addresses: I64, lengths: I64, head: int, tail: int, table: U8, characters: I64, steps: U16, shift: int,
    first_cue: int, cues: I32, places: I32, groups: I16,
    rules_of: I16, needed: I16, rules: I64, denial: int, near: int, last: I64, news: I64, bits: U32,
) -> None:  # fmt: skip
    """Write the bits of the rules that match each text to ``bits``; see ``Automaton.reading`` and ``Matcher``.

    ``last`` has room for a number a group, ``news`` for two.
    """
    for row in range(addresses.size):
        for group in range(last.size):
            last[group] = _LONG_AGO
        found = 0
        count = find_cues(
            addresses[row], lengths[row], head, tail, table, characters, steps, shift, first_cue, cues, places
        )
        for cue in range(count):
            here = places[cue]
            denied = here - last[denial] <= near
            end = 0
            for column in range(groups.shape[1]):
                group = groups[cues[cue], column]
                if group >= 0 and not (denied and rules_of[group, 0] == 1):
                    last[group] = here
                    news[end] = group
                    end += 1
            at = 0
            while at < end:  # a group that a rule stands for may complete further rules
                for column in range(1, rules_of.shape[1]):
                    rule = rules_of[news[at], column]
                    if rule < 0:
                        break
                    complete = found & rules[rule, 1] == 0
                    for k in range(needed.shape[1]):
                        group = needed[rule, k]
                        if group >= 0 and here - last[group] > rules[rule, 0]:
                            complete = False
                    if complete:
                        found |= rules[rule, 1]
                        group = rules[rule, 2]
                        if group >= 0 and last[group] != here:
                            last[group] = here
                            news[end] = group
                            end += 1
                at += 1
        bits[row] = found
