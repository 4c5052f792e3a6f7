"""Cues: words and phrases that stand for a meaning, in groups, and rules about groups that stand close together.

A rule needs an act *and* an object (and sometimes a manner), each named by any of many cues, within a short stretch
of text. So a paraphrase is found, and a phrase that everybody uses is not enough. The cues are TOML files in this
folder, by group and language:

- ``grade`` is a word, ``grad*`` the beginning of one, ``rate {the|each} answer`` all its alternatives.
- In scripts without spaces a cue is found anywhere.
- Case, accents of Latin letters, width of letters, punctuation and the kind of white space do not matter.
"""

import itertools
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np

from distillscan.profile.text.cue_kernel import ASCII_KINDS, LATIN1, MARK, SPECIAL, STOP, WHITE, WORD

_SPACE = 32
_ALTERNATIVES = re.compile(r"\{([^{}]*)\}")


def _fold(ch: str) -> tuple[int, bool, bytes]:
    """Return a character's kind, whether it is an ideograph (of a script of three bytes), and its symbols."""
    code = ord(ch)
    if 0xFF01 <= code <= 0xFF5E:
        code -= 0xFEE0
    if code < 0x80:
        return int(ASCII_KINDS[code]), False, chr(code).lower().encode()
    if code in (0xAD, 0x2060, 0xFEFF) or 0x300 <= code < 0x370 or 0x200B <= code <= 0x200F:
        return WORD, False, b""
    if 0xC0 <= code < 0x100:
        letter = bytes([LATIN1[code - 0xC0]])
        return (STOP, False, b"") if letter == b" " else (WORD, False, letter)
    if code < 0xC0 or 0x2000 <= code < 0x3040 or code >= 0xFFC0:
        return STOP, False, b""
    if 0x400 <= code < 0x430:
        ch = ch.lower()
    if ch == "ё":
        ch = "е"
    symbols = ch.encode()
    return WORD, len(symbols) == 3 and symbols[0] != 0xE1, symbols


def symbols_of(text: str) -> list[tuple[int, int]]:
    """Return a text as the automaton reads it: its symbols (bytes), each with the byte of the text up to which it is.

    Words and marks have a space on either side, ideographs only where something else begins. Letters are in lower case
    and without accents; punctuation but ``<>/[]{}+#`` and the backtick is a space; a decimal point is left out.
    """
    out = [(_SPACE, 0)]
    beside_ideograph, end = False, 0

    def space(at: int) -> None:
        if out[-1][0] != _SPACE:
            out.append((_SPACE, at))

    for k, ch in enumerate(text):
        kind, ideograph, symbols = _fold(ch)
        start, end = end, end + len(ch.encode())
        rest = text[k:].lstrip(" \t\n\r\f\v") if kind == WHITE and beside_ideograph else ""
        if (kind == WORD and not symbols) or _is_point(text, k) or (rest and not rest[0].isascii()):
            continue
        if kind in (WHITE, STOP):
            space(end)
        else:
            if kind == MARK or ideograph != beside_ideograph:
                space(start)
            out += [(symbol, end) for symbol in symbols]
            if kind == MARK:
                space(end)
        beside_ideograph = ideograph
    space(end)
    return out


def _is_point(text: str, at: int) -> bool:
    """Whether a character is a decimal point."""
    before, after = text[max(0, at - 1) : at], text[at + 1 : at + 2]
    return text[at] == "." and before.isascii() and before.isalnum() and after.isascii() and after.isdigit()


def expand(cue: str) -> list[str]:
    """Return a cue's alternatives: ``a {b|c} d`` stands for ``a b d`` and ``a c d``."""
    parts = _ALTERNATIVES.split(cue)
    choices = [part.split("|") if k % 2 else [part] for k, part in enumerate(parts)]
    return ["".join(chosen) for chosen in itertools.product(*choices)]


def pattern(cue: str) -> bytes:
    """Return the symbols that a cue (without alternatives) is found by.

    Raises:
        ValueError: Nothing is left of it.
    """
    plain = cue.removesuffix("*").strip()
    symbols = bytes(symbol for symbol, _ in symbols_of(plain))
    if not symbols.strip():
        raise ValueError(f"the cue {cue!r} has neither letters nor marks")
    begin = 1 if _fold(plain[0])[1] else 0
    return symbols[begin:-1] if cue.endswith("*") or _fold(plain[-1])[1] else symbols[begin:]


@dataclass(frozen=True, slots=True)
class Automaton:
    """An automaton over the symbols of ``symbols_of``, as dense arrays.

    Source: Aho and Corasick, "Efficient string matching" (CACM 1975).

    Attributes:
        groups: Names of the groups; what a state finds are their numbers.
        arrays: ``classes`` (of each symbol), ``plain`` (of each byte of a text, ``SPECIAL`` if it takes more to tell),
            ``steps`` (the next state by state and class), ``shift`` (bits of a class), ``first_hit`` (states from here
            on end a cue), ``hit_starts`` and ``hit_groups`` (the groups of each of these).
    """

    groups: tuple[str, ...]
    arrays: tuple[Any, ...]


def build(cues: Mapping[bytes, frozenset[str]], groups: tuple[str, ...]) -> Automaton:
    """Return the automaton that finds patterns.

    Args:
        cues: The groups of every pattern.
        groups: All groups.

    Raises:
        ValueError: More states than the arrays can number.
    """
    levels, ends = _trie(cues)
    size = 1 + sum(len(level) for level in levels)
    most = np.iinfo(np.uint16).max - len(cues)  # some are doubled
    if size > most:
        raise ValueError(f"the cues need {size} states; there may be {most}")
    classes, plain = _classes(sorted(set(b"".join(cues)) | {_SPACE}))
    shift = int(classes.max()).bit_length()
    steps = np.zeros((size, 1 << shift), np.uint16)
    fallback = np.zeros(size, np.int64)
    # A node goes where the longest proper suffix goes that is in the trie, but to its own children first; all of a
    # level at once, because that suffix is on a level before it.
    for depth, level in enumerate(levels):
        parents, by, children = np.array(level).T
        by = classes[by]
        fallback[children] = steps[fallback[parents], by] if depth else 0
        steps[parents, by] = children
        steps[children] = steps[fallback[children]]
    number = {name: k for k, name in enumerate(groups)}
    found: list[frozenset[int]] = [frozenset()] * size
    for pattern_, node in ends.items():
        found[node] = frozenset(number[name] for name in cues[pattern_])
    for node, other in enumerate(fallback.tolist()):  # nodes of a level follow those of the levels before it
        if found[other]:
            found[node] |= found[other]
    spaced = np.array([node for level in levels for _, symbol, node in level if symbol == _SPACE], np.int64)
    table, first_hit, starts, flat = _numbered(*_single_spaces(steps, found, spaced, int(classes[_SPACE])))
    return Automaton(groups, (classes, plain, table, np.int64(shift), first_hit, starts, flat))


def _classes(symbols: list[int]) -> tuple[Any, Any]:
    """Number the symbols that occur in cues from 1; and the bytes of a text that are one symbol or a separator."""
    classes = np.zeros(256, np.int64)
    classes[symbols] = np.arange(1, len(symbols) + 1)
    plain = np.full(256, SPECIAL, np.int64)
    for byte, kind in enumerate(ASCII_KINDS):
        if kind == WORD:
            plain[byte] = classes[ord(chr(byte).lower())]
        elif kind in (WHITE, STOP) and byte != ord("."):
            plain[byte] = classes[_SPACE]
    return classes, plain


def _single_spaces(
    steps: Any, found: list[frozenset[int]], spaced: Any, space: int
) -> tuple[Any, list[frozenset[int]]]:
    """Make any number of spaces as good as one: in states that follow a space the next one changes nothing.

    States that find something get a twin for this that does not, so that a cue is found once.
    """
    steps[spaced, space] = spaced
    loud = np.array([node for node in spaced if found[node]], np.int64)
    twins = len(found) + np.arange(loud.size)
    steps[loud, space] = twins
    return np.concatenate([steps, steps[loud]]), found + [frozenset[int]()] * loud.size


def _trie(patterns: Iterable[bytes]) -> tuple[list[list[tuple[int, int, int]]], dict[bytes, int]]:
    """The edges (parent, symbol, child) of each level, nodes numbered level by level; where each pattern ends."""
    prefixes: list[set[bytes]] = []
    ends = dict.fromkeys(patterns, 0)
    for pattern_ in ends:
        while len(prefixes) < len(pattern_):
            prefixes.append(set())
        for length in range(len(pattern_), 0, -1):
            prefix = pattern_[:length]
            if prefix in prefixes[length - 1]:
                break
            prefixes[length - 1].add(prefix)
    levels = []
    before, count = {b"": 0}, 1
    for level in prefixes:
        numbered = {prefix: count + k for k, prefix in enumerate(sorted(level))}
        levels.append([(before[prefix[:-1]], prefix[-1], node) for prefix, node in numbered.items()])
        ends.update((prefix, node) for prefix, node in numbered.items() if prefix in ends)
        before, count = numbered, count + len(numbered)
    return levels, ends


def _numbered(steps: Any, found: list[frozenset[int]]) -> tuple[Any, ...]:
    """Number the states anew so that those which find something come last: one comparison tells."""
    hits = np.array([bool(groups) for groups in found])
    order = np.concatenate([np.flatnonzero(~hits), np.flatnonzero(hits)])
    renamed = np.empty(order.size, np.uint16)
    renamed[order] = np.arange(order.size)
    starts, flat = _lists([sorted(found[node]) for node in order if found[node]])
    return renamed[steps[order]].ravel(), np.int64(np.count_nonzero(~hits)), starts, flat


@dataclass(frozen=True, slots=True)
class Rule:
    """Groups that say something together when they stand within so many symbols (bytes) of each other.

    Attributes:
        groups: All of them must be there.
        within: The most there may be from the end of the first to the end of the last.
        bit: The bit of what they say; -1 if it is only part of something.
        becomes: The group that is there as well then, none if empty.
    """

    groups: tuple[str, ...]
    within: int
    bit: int = -1
    becomes: str = ""


@dataclass(frozen=True, slots=True)
class Denial:
    """Groups whose cues do not count within so many symbols of a cue of the group ``word``."""

    word: str
    groups: tuple[str, ...]
    within: int


def rule_arrays(rules: Sequence[Rule], denial: Denial, groups: tuple[str, ...]) -> tuple[Any, ...]:
    """Return rules as the kernel reads them.

    Returns:
        Rules by group, groups by rule (each as offsets and values); distances, bits, and what rules become; the number
        of the group that denies, which groups it denies, and how near.

    Raises:
        ValueError: A rule about a group that there is not.
    """
    named = {name for rule in rules for name in (*rule.groups, rule.becomes) if name}
    if unknown := (named | {denial.word, *denial.groups}) - set(groups):
        raise ValueError(f"a rule needs the group {min(unknown)!r}, which has no cues")
    number = {name: k for k, name in enumerate(groups)}
    numbered = [sorted(number[name] for name in rule.groups) for rule in rules]
    by_group = [[r for r, numbers in enumerate(numbered) if g in numbers] for g in range(len(groups))]
    return (
        *_lists(by_group),
        *_lists(numbered),
        np.array([rule.within for rule in rules], np.int64),
        np.array([1 << rule.bit if rule.bit >= 0 else 0 for rule in rules], np.uint32),
        np.array([number.get(rule.becomes, -1) for rule in rules], np.int64),
        np.int64(number[denial.word]),
        np.array([name in denial.groups for name in groups]),
        np.int64(denial.within),
    )


def _lists(lists: Sequence[Sequence[int]]) -> tuple[Any, Any]:
    starts = np.cumsum([0, *map(len, lists)]).astype(np.int64)
    return starts, np.array([value for values in lists for value in values], np.int64)


def read_toml(name: str) -> dict[str, Any]:
    """Return a TOML file of this folder."""
    return tomllib.loads((files("distillscan.profile.text") / name).read_text("utf-8"))


def patterns(groups: Mapping[str, Mapping[str, list[str]]]) -> dict[bytes, frozenset[str]]:
    """Return the patterns of cues given by group and language, with the groups of each."""
    found: dict[bytes, set[str]] = {}
    for group, languages in groups.items():
        for cue in itertools.chain.from_iterable(languages.values()):
            for plain in expand(cue):
                found.setdefault(pattern(plain), set()).add(group)
    return {symbols: frozenset(names) for symbols, names in found.items()}
