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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import numpy as np

from distillscan.profile import kernels
from distillscan.profile.kernels.arrays import I16, I32, I64, U8, U16, U32
from distillscan.profile.kernels.cues import (
    CLASSES,
    COUNT,
    IDEOGRAPH,
    KINDS,
    SPACE,
    SPECIAL,
    STOP,
    SYMBOLS,
    WHITE,
    WORD,
)
from distillscan.profile.text.hashes import Texts

_ALTERNATIVES: Final = re.compile(r"\{([^{}]*)\}")
#: Cues found in one go: as many as stay in the processor's cache.
_ROOM: Final = 1 << 17
#: States of an automaton that are numbered anew at once.
_MOVED: Final = 1 << 10


#: Letters U+00C0 to U+00FF without their accents, in lower case; a space for the two that are no letters.
_LATIN1: Final = b"aaaaaaaceeeeiiiidnooooo ouuuuytsaaaaaaaceeeeiiiidnooooo ouuuuyty"
_MARKS: Final = "<>/[]{}+#`"
_WHITE: Final = " \t\n\r\f\v"


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
    for byte in map(ord, _MARKS):
        found[byte] = 3 << COUNT | SPACE << 16 | byte << 8 | SPACE
    for letter in filter(str.isalnum, map(chr, range(0x80))):
        found[ord(letter)] = 1 << COUNT | ord(letter.lower())
    found[0xFF01:0xFF5F] = found[0x21:0x7F]
    return found


CHARACTERS: Final = _characters()
_IDEOGRAPH: Final = r"[\u0800-\u0fff\u3040-\ud7ff\ue000-\ufefe\uff00\uff5f-\uffbf]"
_IDEOGRAPH_EDGE: Final = re.compile(f"(?<={_IDEOGRAPH})(?!{_IDEOGRAPH})|(?<!{_IDEOGRAPH})(?={_IDEOGRAPH})")
_LEFT_OUT: Final = re.compile(rf"(?<={_IDEOGRAPH})[{_WHITE}]+(?=[^\x00-\x7f])|(?<=[0-9A-Za-z])\.(?=[0-9])")


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


@dataclass(frozen=True, slots=True)
class Automaton:
    """An automaton over the symbols of ``CHARACTERS``, as dense arrays (see ``kernels.find_cues``).

    Source: Aho and Corasick, "Efficient string matching" (CACM 1975).

    Attributes:
        table: Classes of bytes and symbols, kinds of bytes.
        steps: The next state by state and class.
        shift: Bits of a class.
        first_cue: States from here on end a cue.
        groups: The numbers of the groups of each cue, padded with -1.
    """

    table: U8
    steps: U16
    shift: int
    first_cue: int
    groups: I16

    def find(self, texts: Texts, head: int, tail: int) -> Iterator["Found"]:
        """Find the cues in the first and last bytes of texts, some texts at a time."""
        longest = min(int(texts.lengths.max(initial=0)), head + tail)
        room = max(_ROOM, 3 * longest + 6)
        cues, places, ends = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(len(texts), np.int64)
        row = 0
        while row < len(texts):
            stop = kernels.find_cues(
                row, texts.addresses, texts.lengths, head, tail,
                self.table, CHARACTERS, self.steps, self.shift, self.first_cue, cues, places, ends,
            )  # fmt: skip
            yield Found(row, stop, ends, cues, places)
            row = stop


@dataclass(frozen=True, slots=True)
class Found:
    """The cues found in the texts from ``first`` up to ``stop``; see ``kernels.find_cues``."""

    first: int
    stop: int
    ends: I64
    cues: I32
    places: I32


def build(cues: Mapping[bytes, frozenset[str]], groups: Sequence[str]) -> Automaton:
    """Return the automaton that finds patterns.

    Args:
        cues: The groups of every pattern.
        groups: All groups, in the order of their numbers.

    Raises:
        ValueError: More states than the arrays can number.
    """
    levels, ends = _trie(sorted(cues))
    size = 1 + sum(children.size for _, _, children in levels)
    most = np.iinfo(np.uint16).max - len(cues)  # some are doubled
    if size > most:
        raise ValueError(f"the cues need {size} states; there may be {most}")
    table = _table(sorted(set(b"".join(cues)) | {SPACE}))
    classes = table[CLASSES:KINDS].astype(np.int64)
    shift = int(classes.max()).bit_length()
    steps = np.zeros((size, 1 << shift), np.uint16)
    fallback = np.zeros(size, np.int64)
    # A node goes where the longest proper suffix goes that is in the trie, but to its own children first; all of a
    # level at once, because that suffix is on a level before it.
    for depth, (parents, symbols, children) in enumerate(levels):
        by = classes[symbols]
        fallback[children] = steps[fallback[parents], by] if depth else 0
        steps[parents, by] = children
        steps[children] = steps[fallback[children]]
    own = {node: cues[pattern] for pattern, node in zip(sorted(cues), ends.tolist(), strict=True)}
    spaced = np.concatenate([children[symbols == SPACE] for _, symbols, children in levels])
    found = _found(own, fallback)
    steps = _single_spaces(steps, found, spaced, int(classes[SPACE]))
    number = {name: k for k, name in enumerate(groups)}
    return _numbered(
        table, shift, steps, {node: sorted(number[name] for name in found[node]) for node in sorted(found)}
    )


def _found(own: Mapping[int, frozenset[str]], fallback: I64) -> dict[int, frozenset[str]]:
    """The groups of the cues that end in a node: its own, and those of its suffixes in the trie."""
    found: dict[int, frozenset[str]] = {}
    for node, other in enumerate(fallback.tolist()):  # nodes of a level follow those of the levels before it
        if node in own or other in found:
            found[node] = own.get(node, frozenset()) | found.get(other, frozenset())
    return found


def _trie(cues: Sequence[bytes]) -> tuple[list[tuple[I64, I64, I64]], I64]:
    """The trie of sorted patterns: parents, symbols and children of each level, and the node at which each ends.

    Nodes are numbered level by level from the root, which is 0.
    """
    letters = np.array(cues).view(np.uint8).reshape(len(cues), -1).astype(np.int64)
    lengths = np.array([len(cue) for cue in cues])
    # A pattern shares the nodes of its first symbols with the one before it.
    shared = np.concatenate([[0], (letters[1:] == letters[:-1]).argmin(axis=1)])
    levels, count = [], 1
    before, ends = np.zeros(len(cues), np.int64), np.zeros(len(cues), np.int64)
    for depth in range(letters.shape[1]):
        new = (shared <= depth) & (lengths > depth)
        nodes = count - 1 + np.cumsum(new)
        levels.append((before[new], letters[new, depth], nodes[new]))
        ends[lengths == depth + 1] = nodes[lengths == depth + 1]
        before, count = nodes, count + int(new.sum())
    return levels, ends


def _table(symbols: list[int]) -> U8:
    """The classes and kinds of ``kernels.find_cues``; symbols that occur in cues are numbered from 1."""
    classes = np.zeros(256, np.uint8)
    classes[symbols] = np.arange(1, len(symbols) + 1)
    plain, kinds = np.full(256, SPECIAL, np.uint8), np.full(256, STOP, np.uint8)
    for byte in range(0x80):
        character = chr(byte)
        if character.isalnum():
            plain[byte], kinds[byte] = classes[ord(character.lower())], WORD
        elif character not in _MARKS and character != ".":
            plain[byte], kinds[byte] = classes[SPACE], WHITE if character in _WHITE else STOP
    return np.concatenate([plain, classes, kinds])


def _single_spaces(steps: U16, found: Mapping[int, object], spaced: I64, space: int) -> U16:
    """Make any number of spaces as good as one: in states that follow a space the next one changes nothing.

    States that find something get a twin for this that does not, so that a cue is found once.
    """
    steps[spaced, space] = spaced
    loud = np.array([node for node in spaced.tolist() if node in found], np.int64)
    steps[loud, space] = steps.shape[0] + np.arange(loud.size)
    return np.concatenate([steps, steps[loud]])


def _numbered(table: U8, shift: int, steps: U16, groups: Mapping[int, list[int]]) -> Automaton:
    """Number the states anew so that those which find something (ascending) come last: one comparison tells."""
    hits = np.zeros(steps.shape[0], np.bool_)
    hits[list(groups)] = True
    order = np.argsort(hits, kind="stable")
    renamed = np.empty(order.size, np.uint16)
    renamed[order] = np.arange(order.size)
    renumbered = np.empty_like(steps)
    for first in range(0, order.size, _MOVED):  # in parts that stay in the processor's cache
        renumbered[first : first + _MOVED] = renamed[steps[order[first : first + _MOVED]]]
    first_cue = order.size - len(groups)
    return Automaton(table, renumbered.ravel(), shift, first_cue, _padded(list(groups.values())))


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


class Matcher:
    """Rules about the groups of cues of an automaton."""

    def __init__(self, automaton: Automaton, groups: Sequence[str], rules: Sequence[Rule], denial: Denial) -> None:
        """Number the rules.

        Args:
            automaton: Finds the cues.
            groups: The groups of cues, in the order of their numbers.
            rules: Which of them say something together.
            denial: Which of them do not count after a denial.

        Raises:
            ValueError: A rule about a group that there is not.
        """
        named = {name for rule in rules for name in (*rule.groups, rule.becomes) if name}
        if unknown := (named | {denial.word, *denial.groups}) - set(groups):
            raise ValueError(f"a rule needs the group {min(unknown)!r}, which has no cues")
        number = {name: k for k, name in enumerate(groups)}
        needed = [sorted(number[name] for name in rule.groups) for rule in rules]
        by_group = [[r for r, numbers in enumerate(needed) if g in numbers] for g in range(len(groups))]
        self._automaton, self._groups, self._near = automaton, len(groups), denial.within
        self._denial = number[denial.word]
        self._rules_of = _padded([[int(name in denial.groups), *by_group[k]] for k, name in enumerate(groups)])
        self._needed = _padded(needed)
        self._rules = np.array(
            [(rule.within, 1 << rule.bit if rule.bit >= 0 else 0, number.get(rule.becomes, -1)) for rule in rules],
            np.int64,
        )

    def match(self, texts: Texts, head: int, tail: int) -> U32:
        """Return the bits of the rules that match each text, of which ``head`` and ``tail`` bytes are looked at."""
        bits = np.zeros(len(texts), np.uint32)
        last, news = np.empty(self._groups, np.int64), np.empty(2 * self._groups, np.int64)
        for found in self._automaton.find(texts, head, tail):
            kernels.match_rules(
                found.first, found.stop, found.ends, found.cues, found.places, self._automaton.groups,
                self._rules_of, self._needed, self._rules, self._denial, self._near, last, news, bits,
            )  # fmt: skip
        return bits


def _padded(lists: Sequence[Sequence[int]]) -> I16:
    """Lists as the rows of an array, with -1 after them."""
    padded = np.full((len(lists), max(map(len, lists), default=0) + 1), -1, np.int16)
    for row, values in enumerate(lists):
        padded[row, : len(values)] = values
    return padded


def read_toml(name: str) -> dict[str, Any]:
    """Return a TOML file of this folder."""
    return tomllib.loads((files("distillscan.profile.text") / name).read_text("utf-8"))
