"""The byte loop that looks for cues in texts: one pass of an automaton over both ends of a text, compiled by numba.

Text is normalised on the way, as ``cues.symbols_of`` does it in plain Python; letters, digits and separators of ASCII,
most of all text, by the automaton itself. The function releases the GIL and is cached on disk. Time is linear in the
bytes looked at, whatever they are: a byte is a step or three of the automaton, and what a cue that is found leads to is
bounded by the rules.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

from distillscan.profile.text.kernel import _byte

Bytes = npt.NDArray[np.uint8]

#: What a character is: part of a word, a mark that is a token by itself, white space, or any other separator.
WORD, MARK, WHITE, STOP = 0, 1, 2, 3
#: Class of the bytes that the automaton does not step over by itself.
SPECIAL = 255

_DOT = 46
_SPACE = 32
_LONG_AGO = -(1 << 40)


def _ascii_kinds() -> Bytes:
    kinds = np.full(128, STOP, np.uint8)
    for byte in range(128):
        if chr(byte).isalnum():
            kinds[byte] = WORD
        elif chr(byte) in "<>/[]{}+#`":
            kinds[byte] = MARK
        elif chr(byte) in " \t\n\r\f\v":
            kinds[byte] = WHITE
    return kinds


#: Kind of every ASCII byte.
ASCII_KINDS = _ascii_kinds()
#: Letters U+00C0 to U+00FF without their accents, in lower case; a space for the two that are no letters.
LATIN1 = np.frombuffer(b"aaaaaaaceeeeiiiidnooooo ouuuuytsaaaaaaaceeeeiiiidnooooo ouuuuyty", np.uint8).copy()


@njit(cache=True, nogil=True)
def _two(lead, trail):  # type: ignore[no-untyped-def]
    """A character of two bytes: its kind, symbols (little-endian) and how many there are."""
    if lead == 0xC2:  # signs and spaces; the soft hyphen is not there at all
        return (WORD if trail == 0xAD else STOP), 0, 0
    if lead == 0xC3:
        letter = np.int64(LATIN1[trail & 0x3F])
        return (STOP if letter == _SPACE else WORD), letter, (0 if letter == _SPACE else 1)
    if lead == 0xCC or (lead == 0xCD and trail < 0xB0):  # combining accents
        return WORD, 0, 0
    if lead == 0xD0 and trail < 0xB0:  # Cyrillic capitals
        if trail == 0x81:
            trail = 0xB5
        elif 0x90 <= trail < 0xA0:
            trail += 0x20
        elif trail >= 0xA0:
            lead, trail = 0xD1, trail - 0x20
        else:
            lead, trail = 0xD1, trail + 0x10
    elif lead == 0xD1 and trail == 0x91:
        lead, trail = 0xD0, 0xB5
    return WORD, lead | (trail << 8), 2


@njit(cache=True, nogil=True)
def _three(lead, second, third):  # type: ignore[no-untyped-def]
    """A character of three bytes: its kind, symbols, how many, and whether it is an ideograph."""
    if lead == 0xE2:  # signs; what has no width is not there at all
        nothing = (second == 0x80 and 0x8B <= third <= 0x8F) or (second == 0x81 and third == 0xA0)
        return (WORD if nothing else STOP), 0, 0, False
    if lead == 0xE3 and second == 0x80:
        return STOP, 0, 0, False
    if lead == 0xEF:
        if second == 0xBB and third == 0xBF:
            return WORD, 0, 0, False
        if second == 0xBF:  # specials, the replacement character among them
            return STOP, 0, 0, False
        code = -1  # full-width forms of ASCII
        if second == 0xBC and third >= 0x81:
            code = third - 0x60
        elif second == 0xBD and third <= 0x9E:
            code = third - 0x20
        if code >= 0:
            kind = np.int64(ASCII_KINDS[code])
            return kind, (code + 32 if 65 <= code <= 90 else code), (1 if kind <= MARK else 0), False
    return WORD, lead | (second << 8) | (third << 16), 3, lead != 0xE1


@njit(cache=True, nogil=True)
def _ascii_is(at, begin, end, kind):  # type: ignore[no-untyped-def]
    return begin <= at < end and _byte(at) < 0x80 and ASCII_KINDS[_byte(at)] == kind


@njit(cache=True, nogil=True)
def _special(at, begin, end, ideograph_end):  # type: ignore[no-untyped-def]
    """What a byte of the class ``SPECIAL`` and those after it stand for.

    Returns:
        Where the next character begins, where the last ideograph ended, a space that comes first (0 or 1), symbols,
        how many these are, and a space that follows (0 or 1).
    """
    b = np.int64(_byte(at))
    if b == _DOT:  # a decimal point is no separator
        number = _ascii_is(at - 1, begin, end, WORD) and at + 1 < end and 48 <= _byte(at + 1) <= 57
        return at + 1, -1, (0 if number else 1), 0, 0, 0
    if b < 0x80:
        return at + 1, -1, 1, b, 1, 1
    size = 1 if b < 0xC0 else 2 if b < 0xE0 else 3 if b < 0xF0 else 4
    following = min(end, at + size)
    if size == 1 or size == 4 or at + size > end:
        return following, -1, 1, 0, 0, 0
    ideograph = False
    if size == 2:
        kind, symbols, count = _two(b, np.int64(_byte(at + 1)))
    else:
        kind, symbols, count, ideograph = _three(b, np.int64(_byte(at + 1)), np.int64(_byte(at + 2)))
    if kind == STOP:
        return following, -1, 1, 0, 0, 0
    beside = at == ideograph_end
    if count > 0 and not ideograph:
        mark = 1 if kind == MARK else 0
        return following, -1, (1 if beside else mark), symbols, count, mark
    if count == 0 and not beside:
        return following, -1, 0, 0, 0, 0
    # White space between two ideographs (line breaks, Korean words) is left out.
    ahead = following
    while _ascii_is(ahead, begin, end, WHITE):
        ahead += 1
    if ahead < end and _byte(ahead) >= 0x80:
        following = ahead
    after = 1 if _ascii_is(following, begin, end, WORD) else 0
    return following, following, (0 if beside else 1), symbols, count, after


@njit(cache=True, nogil=True)
def _found(hit, here, found, last, news, groups, rules):  # type: ignore[no-untyped-def]
    """Take note of the groups of cues that end here, and return ``found`` with the bits of the rules they complete."""
    hit_starts, hit_groups = groups
    group_starts, group_rules, rule_starts, rule_groups, windows, bits, becomes, denial, deniable, nearby = rules
    denied = here - last[denial] <= nearby
    fresh = 0
    for k in range(hit_starts[hit], hit_starts[hit + 1]):
        g = hit_groups[k]
        if denied and deniable[g]:
            continue
        last[g] = here
        news[fresh] = g
        fresh += 1
    k = 0
    while k < fresh:  # a group that arises from others may complete further rules
        g = news[k]
        k += 1
        for j in range(group_starts[g], group_starts[g + 1]):
            r = group_rules[j]
            if found & bits[r]:
                continue
            i, complete = rule_starts[r], rule_starts[r + 1]
            while i < complete and here - last[rule_groups[i]] <= windows[r]:
                i += 1
            if i < complete:
                continue
            found |= bits[r]
            d = becomes[r]
            if d >= 0 and last[d] != here:
                last[d] = here
                news[fresh] = d
                fresh += 1
    return found


@njit(cache=True, nogil=True)
def find_rules(addresses, lengths, machine, rules, head, tail):  # type: ignore[no-untyped-def]
    """Return for every text the bits of the rules whose groups of cues stand close together in it.

    Args:
        addresses: Address of the first byte of each text (UTF-8).
        lengths: Bytes of each text.
        machine: ``cues.Automaton.arrays``.
        rules: ``cues.rule_arrays``.
        head: Bytes at the beginning of a text that are looked at.
        tail: Bytes at its end that are looked at.
    """
    classes, plain, steps, shift, first_hit, hit_starts, hit_groups = machine
    groups = (hit_starts, hit_groups)
    space = classes[_SPACE]
    last = np.empty(rules[8].size, np.int64)
    news = np.empty(2 * last.size, np.int64)
    out = np.zeros(lengths.size, np.uint32)
    for row in range(out.size):
        start, stop = addresses[row], addresses[row] + lengths[row]
        parts = 1 if stop - start <= head + tail else 2
        last[:] = _LONG_AGO
        found = np.uint32(0)
        for part in range(parts):
            begin = start if part == 0 else stop - tail
            end = stop if part == parts - 1 else start + head
            at, ideograph_end = begin, np.int64(-1)
            state = np.int64(steps[space])
            open_end = True
            while at < end or open_end:
                if at < end:
                    c = plain[_byte(at)]
                    if c != SPECIAL:
                        state = np.int64(steps[(state << shift) | c])
                        at += 1
                        if state >= first_hit:
                            found = _found(state - first_hit, at, found, last, news, groups, rules)
                        continue
                    here = at
                    at, ideograph_end, first, symbols, count, after = _special(at, begin, end, ideograph_end)
                else:  # a last space closes the last word
                    here, first, symbols, count, after, open_end = at, 1, 0, 0, 0, False
                for k in range(first + count + after):
                    letter = 0 < k + 1 - first <= count
                    c = classes[symbols & 0xFF] if letter else space
                    state = np.int64(steps[(state << shift) | c])
                    if letter:
                        symbols >>= 8
                    if state >= first_hit:
                        place = here if k < first and count > 0 else at
                        found = _found(state - first_hit, place, found, last, news, groups, rules)
        out[row] = found
    return out
