"""An automaton that finds all cues in a text in one pass, and the loops that run it over the bytes of texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from distillscan.compiled import I16, I32, I64, U8, U16, byte_at, helper, kernel
from distillscan.profile.text.cues import CHARACTERS, COUNT, IDEOGRAPH, MARKS, SPACE, SYMBOLS, WHITE_SPACE
from distillscan.profile.text.hashes import Texts

#: Kinds of character: part of a word, white space, any other separator.
_WORD, _WHITE, _STOP = 0, 1, 2
#: Where the classes of symbols and the kinds of bytes begin in the table of an automaton, and what stands there for a
#: byte that takes more to tell.
CLASSES: Final = 256
KINDS: Final = 512
SPECIAL: Final = 255
#: Stands for a character that is cut, or longer than three bytes.
REPLACEMENT: Final = 0xFFFD
_COMMONEST: Final = b" abcdefghijklmnopqrstuvwxyz"
#: States of an automaton that are numbered anew at once.
_MOVED: Final = 1 << 10


#: What ``Automaton.reading`` gives, for Python and for compiled code.
Reading = tuple[I64, I64, int, int, U8, I64, U16, int, int, I32, I32, I16]
READING: Final = "i8[::1], i8[::1], i8, i8, u1[::1], i8[::1], u2[::1], i8, i8, i4[::1], i4[::1], i2[:, ::1]"


@dataclass(frozen=True, slots=True)
class Automaton:
    """An automaton over the symbols of ``CHARACTERS``, as dense arrays.

    Source: Aho and Corasick, "Efficient string matching" (CACM 1975).

    Attributes:
        table: Of every byte the class of its symbol if it is one, else ``SPECIAL``; then of every symbol its class;
            then of every byte its kind.
        steps: The next state by state and class.
        shift: Bits of a class.
        first_cue: States from here on end a cue.
        groups: The numbers of the groups of each cue, padded with -1.
        names: The groups, in the order of their numbers.
    """

    table: U8
    steps: U16
    shift: int
    first_cue: int
    groups: I16
    names: tuple[str, ...]

    def reading(self, texts: Texts, head: int, tail: int) -> Reading:
        """Return what ``find_cues`` takes, for all texts, of which ``head`` and ``tail`` bytes are looked at."""
        room = 3 * min(int(texts.lengths.max(initial=0)), head + tail) + 6
        return (
            texts.addresses, texts.lengths, head, tail, self.table, CHARACTERS, self.steps, self.shift, self.first_cue,
            np.empty(room, np.int32), np.empty(room, np.int32), self.groups,
        )  # fmt: skip

    def count(self, texts: Texts, head: int, tail: int) -> I32:
        """Count the cues of each group in the first and last bytes of texts: a row a text, a column a group."""
        counts = np.zeros((len(texts), len(self.names)), np.int32)
        count_groups(*self.reading(texts, head, tail), counts)
        return counts


def build(cues: Mapping[bytes, frozenset[str]], names: tuple[str, ...]) -> Automaton:
    """Return the automaton that finds patterns, given with the groups of each.

    Raises:
        ValueError: More states than the arrays can number.
    """
    levels, ends = _trie(sorted(cues))
    size = 1 + sum(children.size for _, _, children in levels)
    most = np.iinfo(np.uint16).max - len(cues)  # some are doubled
    if size > most:
        raise ValueError(f"the cues need {size} states; there may be {most}")
    # Letters and the space first: of each state they are in one line of the processor's cache.
    used = set(b"".join(cues)) | {SPACE}
    table = _table(sorted(used, key=lambda symbol: (symbol not in _COMMONEST, symbol)))
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
    # In a node end the cues of its own and those of its suffixes in the trie, which are on levels before it.
    found = {node: cues[pattern] for pattern, node in zip(sorted(cues), ends.tolist(), strict=True)}
    for node, suffix in enumerate(fallback.tolist()):
        if suffix in found:
            found[node] = found.get(node, frozenset()) | found[suffix]
    spaced = np.concatenate([children[symbols == SPACE] for _, symbols, children in levels])
    steps = _single_spaces(steps, found, spaced, int(classes[SPACE]))
    steps, first_cue = _hits_last(steps, sorted(found))
    groups = padded([sorted(names.index(name) for name in found[node]) for node in sorted(found)])
    return Automaton(table, steps.ravel(), shift, first_cue, groups, names)


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
    """The classes and kinds of an automaton; symbols that occur in cues are numbered from 1, as they are given."""
    classes = np.zeros(256, np.uint8)
    classes[symbols] = np.arange(1, len(symbols) + 1)
    plain, kinds = np.full(256, SPECIAL, np.uint8), np.full(256, _STOP, np.uint8)
    for byte in range(0x80):
        character = chr(byte)
        if character.isalnum():
            plain[byte], kinds[byte] = classes[ord(character.lower())], _WORD
        elif character not in MARKS and character != ".":
            plain[byte], kinds[byte] = classes[SPACE], _WHITE if character in WHITE_SPACE else _STOP
    return np.concatenate([plain, classes, kinds])


def _single_spaces(steps: U16, found: Mapping[int, object], spaced: I64, space: int) -> U16:
    """Make any number of spaces as good as one: in states that follow a space the next one changes nothing.

    States that find something get a twin for this that does not, so that a cue is found once.
    """
    steps[spaced, space] = spaced
    loud = np.array([node for node in spaced.tolist() if node in found], np.int64)
    steps[loud, space] = steps.shape[0] + np.arange(loud.size)
    return np.concatenate([steps, steps[loud]])


def _hits_last(steps: U16, found: list[int]) -> tuple[U16, int]:
    """Number the states anew so that those which find something come last, and return the first of them."""
    hits = np.zeros(steps.shape[0], np.bool_)
    hits[found] = True
    order = np.argsort(hits, kind="stable")
    renamed = np.empty(order.size, np.uint16)
    renamed[order] = np.arange(order.size)
    renumbered = np.empty_like(steps)
    for first in range(0, order.size, _MOVED):  # in parts that stay in the processor's cache
        renumbered[first : first + _MOVED] = renamed[steps[order[first : first + _MOVED]]]
    return renumbered, order.size - len(found)


def padded(lists: Sequence[Sequence[int]]) -> I16:
    """Lists as the rows of an array, with -1 after them."""
    padded = np.full((len(lists), max(map(len, lists), default=0) + 1), -1, np.int16)
    for row, values in enumerate(lists):
        padded[row, : len(values)] = values
    return padded


@helper("i8(i8, i8, u1[::1], i8[::1], u2[::1], i8, i8, i4[::1], i4[::1], i8, i8)")
def _walk(  # noqa: C901 - one loop on purpose
    begin: int, end: int, table: U8, characters: I64, steps: U16, shift: int, first_cue: int,
    cues: I32, places: I32, found: int, origin: int,
) -> int:  # fmt: skip
    """Walk the automaton over the text between two addresses; see ``find_cues``. Returns the new end of ``cues``."""
    state = np.int64(steps[table[CLASSES + SPACE]])
    at = begin
    ideograph_end = begin - 1
    while at <= end:  # after the text comes a space, which closes the last word
        here = at
        place = here
        symbols, count = SPACE, 1
        at += 1
        if here < end:
            byte = byte_at(here)
            if table[byte] != SPECIAL:
                state = np.int64(steps[np.uint64((state << shift) | table[byte])])
                if state >= first_cue:
                    cues[found], places[found] = state - first_cue, at - origin
                    found += 1
                continue
            code: Any = np.int64(byte)
            if byte >= 0x80:
                size = 1 + (byte >= 0xC0) + (byte >= 0xE0) + (byte >= 0xF0)
                at = min(end, here + size)
                code = 0
                for k in range(here, at):
                    code = (code << 6) | (byte_at(k) & 63)
                code = code & 0xFFFF if 1 < size < 4 and at == here + size else REPLACEMENT
            symbols, count = characters[code] & SYMBOLS, characters[code] >> COUNT
            beside = here == ideograph_end
            digit = byte == 46 and at < end and 48 <= byte_at(at) <= 57
            if digit and here > begin and table[KINDS + byte_at(here - 1)] == _WORD:
                count = 0  # a decimal point is no separator
            elif count == IDEOGRAPH or (count == 0 and beside):
                if beside and count > 0:
                    symbols, count = symbols >> 8, count - 1
                # White space between two ideographs (line breaks, Korean words) is left out.
                ahead = at
                while ahead < end and table[KINDS + byte_at(ahead)] == _WHITE:
                    ahead += 1
                at = ahead if ahead < end and byte_at(ahead) >= 0x80 else at
                ideograph_end = at
                if at < end and table[KINDS + byte_at(at)] == _WORD:
                    symbols, count = symbols | SPACE << (8 * count), count + 1
            elif beside and symbols & 255 != SPACE:
                symbols, count = symbols << 8 | SPACE, count + 1
            if count == 1 or symbols & 255 != SPACE:
                place = at
        for _ in range(count):
            state = np.int64(steps[(state << shift) | table[CLASSES + (symbols & 255)]])
            if state >= first_cue:
                cues[found], places[found] = state - first_cue, place - origin
                found += 1
            symbols >>= 8
            place = at
    return found


@helper("i8(i8, i8, i8, i8, u1[::1], i8[::1], u2[::1], i8, i8, i4[::1], i4[::1])")
def find_cues(
    address: int, length: int, head: int, tail: int,
    table: U8, characters: I64, steps: U16, shift: int, first_cue: int, cues: I32, places: I32,
) -> int:  # fmt: skip
    """Find the cues of an automaton in the first and last bytes of a text, and return how many there are.

    Time is linear in the bytes looked at, whatever they are: a byte is at most five steps of the automaton. ``cues``
    receives the number of the state that ends each cue, counted from ``first_cue``, and ``places`` how far the text was
    read then; both have room for three times the bytes looked at, and six.
    """
    end = address + length
    middle = end if length <= head + tail else address + head
    found = _walk(address, middle, table, characters, steps, shift, first_cue, cues, places, 0, address)
    if middle < end:
        found = _walk(end - tail, end, table, characters, steps, shift, first_cue, cues, places, found, address)
    return found


@kernel(f"void({READING}, i4[:, ::1])")
def count_groups(
    addresses: I64, lengths: I64, head: int, tail: int, table: U8, characters: I64, steps: U16, shift: int,
    first_cue: int, cues: I32, places: I32, groups: I16, counts: I32,
) -> None:  # fmt: skip
    """Add the cues of each group (column) in each text (row) to ``counts``; see ``Automaton.reading``."""
    for row in range(addresses.size):
        found = find_cues(
            addresses[row], lengths[row], head, tail, table, characters, steps, shift, first_cue, cues, places
        )
        for cue in range(found):
            for column in range(groups.shape[1]):
                group = groups[cues[cue], column]
                if group >= 0:
                    counts[row, group] += 1
