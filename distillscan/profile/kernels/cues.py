"""Loops over the bytes of texts that look for cues, match rules about them, and count scripts."""

from typing import Any, Final

import numpy as np

from distillscan.compiled import byte_at, helper, kernel, word_at
from distillscan.profile.kernels.arrays import I16, I32, I64, U8, U16, U32

#: Kinds of character: part of a word, white space, any other separator.
WORD, WHITE, STOP = 0, 1, 2
#: Where the classes of symbols and the kinds of bytes begin in the table of an automaton, and what stands there for a
#: byte that takes more to tell.
CLASSES: Final = 256
KINDS: Final = 512
SPECIAL: Final = 255
#: In the table of characters: the bits of the symbols, and by how many the number of them is shifted.
SYMBOLS: Final = (1 << 40) - 1
COUNT: Final = 40
#: Symbols of an ideograph, the space before it included; no other character has as many.
IDEOGRAPH: Final = 4
SPACE: Final = 32
#: Stands for a character that is cut, or longer than three bytes.
REPLACEMENT: Final = 0xFFFD

_LONG_AGO: Final = -(1 << 40)
_0: Final = np.uint64(0)
_UPPERMOST_BITS: Final = np.uint64(0x8080808080808080)


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
                state = np.int64(steps[(state << shift) | table[byte]])
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
            if digit and here > begin and table[KINDS + byte_at(here - 1)] == WORD:
                count = 0  # a decimal point is no separator
            elif count == IDEOGRAPH or (count == 0 and beside):
                if beside and count > 0:
                    symbols, count = symbols >> 8, count - 1
                # White space between two ideographs (line breaks, Korean words) is left out.
                ahead = at
                while ahead < end and table[KINDS + byte_at(ahead)] == WHITE:
                    ahead += 1
                at = ahead if ahead < end and byte_at(ahead) >= 0x80 else at
                ideograph_end = at
                if at < end and table[KINDS + byte_at(at)] == WORD:
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


@kernel("i8(i8, i8[::1], i8[::1], i8, i8, u1[::1], i8[::1], u2[::1], i8, i8, i4[::1], i4[::1], i8[::1])")
def find_cues(
    row: int, addresses: I64, lengths: I64, head: int, tail: int,
    table: U8, characters: I64, steps: U16, shift: int, first_cue: int,
    cues: I32, places: I32, ends: I64,
) -> int:  # fmt: skip
    """Find the cues of an automaton (``cues.Automaton``) in texts, from ``row`` on as far as there is room.

    Time is linear in the bytes looked at, whatever they are: a byte is at most five steps of the automaton.

    Args:
        row: The first text to look at.
        addresses: Where each text is.
        lengths: Its bytes.
        head: Bytes at the beginning of a text that are looked at.
        tail: Bytes at its end that are looked at.
        table: Of every byte the class of its symbol if it is one, else ``SPECIAL``; then of every symbol its class;
            then of every byte its kind.
        characters: Of every character up to U+FFFF its symbols and how many (``cues.CHARACTERS``).
        steps: The next state by state and class.
        shift: Bits of a class.
        first_cue: States from here on end a cue.
        cues: Receives the number of the state that ends each cue, counted from the first of these; room for three
            times the bytes looked at in a text, and six.
        places: Receives how far the text was read then.
        ends: Receives the end of each text's part of ``cues``.

    Returns:
        The first text that was not looked at.
    """
    found = 0
    while row < addresses.size:
        begin, end = addresses[row], addresses[row] + lengths[row]
        if cues.size - found < 3 * min(lengths[row], head + tail) + 6:
            break
        middle = min(end, begin + head)
        part = begin
        if lengths[row] <= head + tail:
            middle = end
        while part < end:
            found = _walk(part, middle, table, characters, steps, shift, first_cue, cues, places, found, begin)
            part = max(end - tail, middle)
            middle = end
        ends[row] = found
        row += 1
    return row


@kernel(
    "void(i8, i8, i8[::1], i4[::1], i4[::1], i2[:, ::1], i2[:, ::1], i2[:, ::1], i8[:, ::1], i8, i8, "
    "i8[::1], i8[::1], u4[::1])"
)
def match_rules(  # noqa: C901 - one loop on purpose
    row: int, stop: int, ends: I64, cues: I32, places: I32,
    groups: I16, rules_of: I16, needed: I16, rules: I64, denial: int, near: int,
    last: I64, news: I64, bits: U32,
) -> None:  # fmt: skip
    """Match rules about groups of cues that stand close together, in the texts from ``row`` up to ``stop``.

    Args:
        row: The first text.
        stop: The end of the texts.
        ends: See ``find_cues``.
        cues: See ``find_cues``.
        places: See ``find_cues``.
        groups: The groups of each cue; -1 is none, here and below.
        rules_of: Of each group 1 if a denial turns it off, else 0; then the rules that need it.
        needed: The groups that each rule needs.
        rules: Of each rule the most bytes between its groups, its bit, and the group that it stands for.
        denial: The group that denies.
        near: How many bytes after a denial a group is turned off.
        last: Room for a number a group.
        news: Room for two numbers a group.
        bits: Receives the bits of the rules that match each text.
    """
    cue = 0
    while row < stop:
        for group in range(last.size):
            last[group] = _LONG_AGO
        found = 0
        while cue < ends[row]:
            here = places[cue]
            denied = here - last[denial] <= near
            count = 0
            for column in range(groups.shape[1]):
                group = groups[cues[cue], column]
                if group >= 0 and not (denied and rules_of[group, 0] == 1):
                    last[group] = here
                    news[count] = group
                    count += 1
            at = 0
            while at < count:  # a group that a rule stands for may complete further rules
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
                            news[count] = group
                            count += 1
                at += 1
            cue += 1
        bits[row] = found
        row += 1


@kernel("void(i8, i8, i8[::1], i4[::1], i2[:, ::1], i4[:, ::1])")
def count_groups(row: int, stop: int, ends: I64, cues: I32, groups: I16, counts: I32) -> None:
    """Count the cues of each group in the texts from ``row`` up to ``stop``; see ``match_rules``."""
    cue = 0
    while row < stop:
        while cue < ends[row]:
            for column in range(groups.shape[1]):
                group = groups[cues[cue], column]
                if group >= 0:
                    counts[row, group] += 1
            cue += 1
        row += 1


@kernel("void(i8[::1], i8[::1], i8, u1[::1], i4[:, ::1])")
def count_scripts(addresses: I64, lengths: I64, tail: int, scripts: U8, counts: I32) -> None:
    """Count the characters of each script at the end of texts; of a text that is all ASCII, none.

    Args:
        addresses: Where each text is.
        lengths: Its bytes.
        tail: Bytes at the end of a text that are looked at.
        scripts: The script of each character up to U+FFFF.
        counts: Receives the characters of each script, by text.
    """
    for row in range(addresses.size):
        end = addresses[row] + lengths[row]
        begin = end - min(lengths[row], tail)
        at = begin
        while at + 8 <= end and word_at(at) & _UPPERMOST_BITS == _0:
            at += 8
        while at < end and byte_at(at) < 0x80:
            at += 1
        at = begin if at < end else end
        while at < end:
            code: Any = np.int64(byte_at(at))
            at += 1
            if code >= 0xC0:
                stop = min(end, at + 1 + (code >= 0xE0) + (code >= 0xF0))
                long = code >= 0xF0
                code &= 63
                while at < stop:
                    code = (code << 6) | (byte_at(at) & 63)
                    at += 1
                code = REPLACEMENT if long else code & 0xFFFF
            counts[row, scripts[code]] += 1
