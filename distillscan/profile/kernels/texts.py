"""Loops over the bytes of texts: hashes, lines and sketches."""

from typing import Any, Final

import numpy as np

from distillscan.compiled import byte_at, helper, kernel, word_at
from distillscan.profile.kernels.arrays import I64, P1, P2, P3, P4, U32, U64

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

#: Texts of at least this many bytes are hashed two at a time.
_LONG: Final = 64
_DIGIT: Final = np.uint64(ord("0"))
_LARGEST: Final = np.uint64(0xFFFFFFFFFFFFFFFF)
_0, _8, _17, _27 = np.uint64(0), np.uint64(8), np.uint64(17), np.uint64(27)
_29, _32, _37, _47 = np.uint64(29), np.uint64(32), np.uint64(37), np.uint64(47)


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
