"""The loops that are compiled: over the bytes of texts, over keys to be numbered and over samples to be kept.

All other work is done on whole columns, with polars and numpy. The tests compare every loop with plain Python
(``tests/support/reference.py``). Texts are read where they are in memory, by address and length (see ``text.hashes``).
The caller makes the arrays that a loop writes to: making them in the loop would double the time it takes to compile,
and so would ``np.uint64(29)`` in place of a constant.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from distillscan.compiled import Kernel, byte_at, helper, kernel, word_at

U64 = npt.NDArray[np.uint64]
U32 = npt.NDArray[np.uint32]
U16 = npt.NDArray[np.uint16]
U8 = npt.NDArray[np.uint8]
I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
I16 = npt.NDArray[np.int16]
Bools = npt.NDArray[np.bool_]

#: Odd 64-bit constants with well spread bits (fractional digits of pi and the golden ratio).
P1: Final = np.uint64(0x9E3779B97F4A7C15)
P2: Final = np.uint64(0xC13FA9A902A6328F)
P3: Final = np.uint64(0x91E10DA5C79E7B1D)
P4: Final = np.uint64(0xD6E8FEB86659FD93)

#: Tokens in a shingle. Four words are rare enough to name a template and short enough to survive its slots.
SHINGLE: Final = 4
#: Shingles at either end of a text that compete among themselves: a short instruction at an end of a long text is kept.
EDGE: Final = 32
EDGE_KEPT: Final = 4
#: Of a whole text one shingle in this many is kept, between the two bounds.
SPARSITY: Final = 24
WHOLE_MIN: Final = 8
WHOLE_MAX: Final = 48
#: Most shingles that are kept of a text.
KEPT_MAX: Final = WHOLE_MAX + 2 * EDGE_KEPT

#: Kinds of character for the automaton of cues: part of a word, a token by itself, white space, any other separator.
WORD, MARK, WHITE, STOP = 0, 1, 2, 3
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

#: Texts of at least this many bytes are hashed two at a time.
_LONG: Final = 64
_LONG_AGO: Final = -(1 << 40)
_DIGIT: Final = np.uint64(ord("0"))
_LARGEST: Final = np.uint64(0xFFFFFFFFFFFFFFFF)
_0, _1, _8, _17 = np.uint64(0), np.uint64(1), np.uint64(8), np.uint64(17)
_27, _29, _32, _37, _47 = np.uint64(27), np.uint64(29), np.uint64(32), np.uint64(37), np.uint64(47)
_UPPERMOST_BITS: Final = np.uint64(0x8080808080808080)


def _token_values() -> U64:
    """What each byte below 0xE0 counts as within a word: letters in lower case, any digit as 0, separators nothing."""
    values = np.zeros(256, np.uint64)
    values[0x80:0xE0] = np.arange(0x80, 0xE0)
    for letter in b"abcdefghijklmnopqrstuvwxyz":
        values[letter] = values[letter - 32] = letter
    values[ord("0") : ord("9") + 1] = _DIGIT
    return values


_TOKEN_VALUES: Final = _token_values()


@helper("u8(u8)")
def _finish(h: np.uint64) -> np.uint64:
    """Spread the bits of a hash."""
    h ^= h >> _32
    h *= P4
    h ^= h >> _29
    h *= P2
    h ^= h >> _32
    return h


@helper("u8(u8, i8, i8)")
def _hash_rest(h: Any, at: int, end: int) -> np.uint64:
    """Carry the hash of a text on to its end."""
    while at + 8 <= end:
        h ^= word_at(at) * P1
        h = ((h << _27) | (h >> _37)) * P2 + P3
        at += 8
    if at < end:
        word = _0
        while at < end:
            end -= 1
            word = (word << _8) | np.uint64(byte_at(end))
        h ^= word * P1
        h = ((h << _27) | (h >> _37)) * P2 + P3
    return _finish(h)


@kernel("void(i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], u8[::1], u8[::1])")
def hash_texts(addresses: I64, lengths: I64, rows: I64, starts: I64, ends: I64, states: U64, hashes: U64) -> None:
    """Hash every text, byte for byte (no normalisation), to 64 bits; stable over versions and machines.

    A step waits for the multiplications of the one before it, so long texts are walked two at a time.

    Args:
        addresses: Where each text is.
        lengths: Its bytes.
        rows: Room for two numbers, as ``starts``, ``ends`` and ``states``.
        starts: See ``rows``.
        ends: See ``rows``.
        states: See ``rows``.
        hashes: Receives the hash of each text.
    """
    row = 0
    count = 0  # lanes with a text
    while True:
        while row < addresses.size and count < 2:
            at, length = addresses[row], lengths[row]
            state = P3 ^ (np.uint64(length) * P1)
            if length < _LONG:
                hashes[row] = _hash_rest(state, at, at + length)
            else:
                rows[count] = row
                starts[count] = at
                ends[count] = at + length
                states[count] = state
                count += 1
            row += 1
        if count < 2:
            break
        left = ends[0] - starts[0]
        if ends[1] - starts[1] < left:
            left = ends[1] - starts[1]
        left &= -8
        a = starts[0]
        b = starts[1]
        h = states[0]
        i = states[1]
        for at in range(0, left, 8):
            h ^= word_at(a + at) * P1
            i ^= word_at(b + at) * P1
            h = ((h << _27) | (h >> _37)) * P2 + P3
            i = ((i << _27) | (i >> _37)) * P2 + P3
        states[0] = h
        states[1] = i
        count = 0
        for lane in range(2):
            starts[lane] += left
            if starts[lane] + 8 > ends[lane]:
                hashes[rows[lane]] = _hash_rest(states[lane], starts[lane], ends[lane])
            else:
                rows[count] = rows[lane]
                starts[count] = starts[lane]
                ends[count] = ends[lane]
                states[count] = states[lane]
                count += 1
    for lane in range(count):
        hashes[rows[lane]] = _hash_rest(states[lane], starts[lane], ends[lane])


@kernel("i8(i8[::1], i8[::1], i8, i8[::1], i8[::1], i8[::1])")
def find_lines(addresses: I64, lengths: I64, shortest: int, rows: I64, starts: I64, sizes: I64) -> int:
    """Find the lines of texts: what stands between line breaks and ends of sentences, without white space around it.

    Args:
        addresses: Where each text is.
        lengths: Its bytes.
        shortest: Bytes of the shortest line that counts, at least 1.
        rows: Receives the number of the text of each line, in the order of the texts.
        starts: Receives the address of each line.
        sizes: Receives its bytes.

    Returns:
        How many lines there are.
    """
    count = 0
    for row in range(addresses.size):
        start, end = addresses[row], addresses[row] + lengths[row]
        at = start
        while at < end:
            byte = byte_at(at)
            at += 1
            if at < end and byte > 63:
                # Only the full stop of Chinese ends a sentence.
                if byte != 0x82 or at < start + 3 or byte_at(at - 2) != 0x80 or byte_at(at - 3) != 0xE3:
                    continue
            elif at < end and byte != 10 and (byte_at(at) != 32 or (byte != 46 and byte != 63 and byte != 33)):
                continue
            last = at
            while start < last and byte_at(start) <= 32:
                start += 1
            while last > start and byte_at(last - 1) <= 32:
                last -= 1
            if last - start >= shortest:
                rows[count], starts[count], sizes[count] = row, start, last - start
                count += 1
            start = at
    return count


@helper("i8(i8, i8, u8[::1])")
def _hash_tokens(at: int, end: int, hashes: U64) -> int:
    """Write the hash of every token of a text to ``hashes`` (half as long as the text, and two); return their number.

    Letters of ASCII are read in lower case, a run of digits as one ``0``; punctuation and white space of ASCII and
    general punctuation (U+2000 to U+203F) separate words. A character of three or four bytes (Chinese, Japanese, Korean
    and most scripts without spaces) is a token by itself, together with the two before it.
    """
    count = 0
    h = P2
    last = _0  # the value of the byte before, 0 outside of words
    before = _0  # the character of three or four bytes before, and the one before that
    second = _0
    while at < end:
        byte = byte_at(at)
        if byte < 0xE0:
            value = _TOKEN_VALUES[byte]
            longer = (h ^ value) * P1
            longer ^= longer >> _29
            # Written in any case, counted at the end of a word: the processor would mispredict a branch at each end.
            hashes[count] = h
            if value == _0:
                count += last != _0
                h = P2
            else:
                h = h if value == _DIGIT and last == _DIGIT else longer
                before = _0
                second = _0
            last = value
            at += 1
            continue
        if last != _0:
            hashes[count] = h
            count += 1
            h = P2
            last = _0
        separates = byte == 0xE2 and at + 1 < end and byte_at(at + 1) == 0x80
        stop = at + (4 if byte >= 0xF0 else 3)
        character = _0
        while at < stop and at < end:
            character = (character << _8) | np.uint64(byte_at(at))
            at += 1
        if not separates:
            hashes[count] = _finish((second * P1 + before) * P3 + character * P4 + P2)
            count += 1
            second = before
            before = character
    if last != _0:
        hashes[count] = h
        count += 1
    return count


@helper("i8(u8[::1], i8, i8, i8, u8)")
def _insert(kept: U64, first: int, end: int, limit: int, value: np.uint64) -> int:
    """Insert a value into the ascending, distinct ``kept[first:end]``, ``limit`` values at most; return the new end."""
    at = end
    while at > first and kept[at - 1] > value:
        at -= 1
    if at == first + limit or (at > first and kept[at - 1] == value):
        return end
    if end < first + limit:
        end += 1
    k = end - 1
    while k > at:
        kept[k] = kept[k - 1]
        k -= 1
    kept[at] = value
    return end


@helper("i8(u8[::1], i8, i8, u8[::1], i8, i8)")
def _keep_smallest(values: U64, begin: int, stop: int, kept: U64, first: int, limit: int) -> int:
    """Write the ``limit`` smallest distinct ``values[begin:stop]`` to ``kept[first:]``, ascending; return the end.

    Hashes are spread evenly, so a bound tells most of those that are too large. Where that leaves too few (repetitive
    text), all are looked at.
    """
    bound = _LARGEST
    wanted = limit + 4 + limit // 2
    if stop - begin > wanted:
        bound = bound // np.uint64(stop - begin) * np.uint64(wanted)
    while True:
        end = first
        for k in range(begin, stop):
            if values[k] <= bound:
                end = _insert(kept, first, end, limit, values[k])
        if end == first + limit or bound == _LARGEST:
            return end
        bound = _LARGEST


@kernel("void(i8[::1], i8[::1], u8[::1], u8[::1], u4[::1], i8[::1], u8[::1])")
def sketch_texts(addresses: I64, lengths: I64, values: U64, normal: U64, tokens: U32, ends: I64, kept: U64) -> None:
    """Sketch texts: keep the smallest hashes of their shingles, after Broder's min-wise hashing.

    Args:
        addresses: Where each text is.
        lengths: Its bytes.
        values: Room for the tokens of one text: half the bytes of the longest, and two.
        normal: Receives a hash of all tokens of each text.
        tokens: Receives their number.
        ends: Receives the end of each text's part of ``kept``.
        kept: Receives the kept shingles of all texts (room for ``KEPT_MAX`` each, and as many more), ascending and
            distinct: the smallest of the first ``EDGE``, of the last ``EDGE`` and of all.
    """
    end = 0
    for row in range(addresses.size):
        count = _hash_tokens(addresses[row], addresses[row] + lengths[row], values)
        total = P3
        for k in range(count):
            total = (total ^ values[k]) * P1
            total = (total << _17) | (total >> _47)
        normal[row] = _finish(total ^ np.uint64(count))
        tokens[row] = count
        shingles = max(0, count - SHINGLE + 1)
        for k in range(shingles):
            values[k] = _finish(((values[k] * P1 + values[k + 1]) * P3 + values[k + 2]) * P4 + values[k + 3])
        # The bound on the whole follows the byte length, about six bytes a token.
        limit = min(WHOLE_MAX, max(WHOLE_MIN, lengths[row] // (6 * SPARSITY)))
        first = end
        spare = first + KEPT_MAX
        for part in range(3 if shingles > EDGE else 1):  # of a short text both ends are the whole
            begin = shingles - EDGE if part == 2 else 0
            stop = EDGE if part == 1 else shingles
            stop = _keep_smallest(values, begin, stop, kept, spare, limit)
            for k in range(spare, stop):
                end = _insert(kept, first, end, KEPT_MAX, kept[k])
            limit = EDGE_KEPT
        ends[row] = end


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


@kernel("i8(u8[::1], b1[::1], u8[::1], i4[::1], i8, i8[::1], i8[::1])")
def number_keys(keys: U64, wanted: Bools, known: U64, slots: I32, count: int, numbers: I64, new: I64) -> int:
    """Number keys in the order in which they are first met, with an open-addressing hash table.

    Args:
        keys: What to number.
        wanted: Which of them; the others get -1.
        known: The keys that have a number, in the order of their numbers; new ones are written after them.
        slots: The hash table, of numbers or -1: a power of two, at least twice as many as there may be keys.
        count: How many keys have a number.
        numbers: Receives the number of each key.
        new: Receives the rows at which a new key stands first.

    Returns:
        How many keys were new.
    """
    mask = np.uint64(slots.size - 1)
    added = 0
    for row in range(keys.size):
        number = -1
        if wanted[row]:
            key = keys[row]
            slot = ((key * P1) >> _32) & mask
            while slots[slot] >= 0 and known[slots[slot]] != key:
                slot = (slot + _1) & mask
            if slots[slot] < 0:
                slots[slot] = count + added
                known[count + added] = key
                new[added] = row
                added += 1
            number = slots[slot]
        numbers[row] = number
    return added


@kernel("i8(i8, i8[::1], b1[::1], u8[::1], i8[::1], i8[::1], i8[::1], i8, i8[::1], u1[::1], i8[::1], i8[::1], i8[::1])")
def sample_members(  # noqa: C901 - one loop on purpose
    row: int, accounts: I64, wanted: Bools, members: U64, requests: I64, lows: I64, highs: I64,
    limit: int, starts: I64, sizes: U8, pool: I64, used: I64, new: I64,
) -> int:  # fmt: skip
    """Take members into the samples of accounts, from ``row`` on as far as there is room.

    A sample is a block of the pool, its members ascending, with room for 1, 2, 4, ... of them, ``limit`` at most. One
    that is full and grows moves to the end of the used part. A member larger than all of a sample with ``limit`` of
    them can never belong to it and is refused at the first look: most requests of a busy account cost no more.

    Args:
        row: The first row to take.
        accounts: The account of each row.
        wanted: Which rows count.
        members: The member that each row brings.
        requests: Its requests.
        lows: Value of which the smallest is kept.
        highs: Value of which the largest is kept.
        limit: Most members of a sample.
        starts: Where the sample of each account begins in ``pool``.
        sizes: How many members it has.
        pool: Four numbers a member: its bits, requests, low and high.
        used: The end of the used part of ``pool``, and how many rows ``new`` has.
        new: Receives the rows that brought a new member.

    Returns:
        The row for which there is no room, or the number of rows.
    """
    while row < accounts.size:
        account, member = accounts[row], members[row]
        first: Any = starts[account]
        size: Any = np.int64(sizes[account])
        end = first + 4 * size
        if not wanted[row] or (size == limit and member > np.uint64(pool[end - 4])):
            row += 1
            continue
        low = 0
        high = size
        while low < high:
            middle = (low + high) >> 1
            if np.uint64(pool[first + 4 * middle]) < member:
                low = middle + 1
            else:
                high = middle
        at = first + 4 * low
        if at < end and np.uint64(pool[at]) == member:
            pool[at + 1] += requests[row]
            pool[at + 2] = min(pool[at + 2], lows[row])
            pool[at + 3] = max(pool[at + 3], highs[row])
            row += 1
            continue
        if size < limit:
            if size & (size - 1) == 0:
                moved = used[0]
                room = 4 * min(limit, max(1, 2 * size))
                if moved + room > pool.size:
                    break
                for k in range(4 * size):
                    pool[moved + k] = pool[first + k]
                at, end = at + moved - first, end + moved - first
                starts[account] = moved
                used[0] = moved + room
            end += 4
            sizes[account] = size + 1
        for k in range(end - 1, at + 3, -1):
            pool[k] = pool[k - 4]
        pool[at], pool[at + 1], pool[at + 2], pool[at + 3] = np.int64(member), requests[row], lows[row], highs[row]
        new[used[1]] = row
        used[1] += 1
        row += 1
    return row


#: All loops, in the order in which they are prepared.
KERNELS: Final[tuple[Kernel[Any, Any], ...]] = (
    hash_texts,
    find_lines,
    sketch_texts,
    find_cues,
    match_rules,
    count_groups,
    count_scripts,
    number_keys,
    sample_members,
)


def prepare_loops(before_compiling: Callable[[], None] = lambda: None) -> None:
    """Load the compiled loops, or compile them, which takes some seconds and is needed once per installation.

    Args:
        before_compiling: Called, once, if any has to be compiled.
    """
    told: list[None] = []

    def tell() -> None:
        if not told:
            told.append(None)
            before_compiling()

    for loop in KERNELS:
        loop.prepare(tell)
