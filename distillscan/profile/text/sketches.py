"""Sketches of texts, which tell how alike they are: the smallest hashes of their shingles (runs of words)."""

from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

from distillscan.compiled import I64, U32, U64, byte_at, helper, kernel
from distillscan.profile.text.hashes import P1, P2, P3, P4, Texts, finish
from distillscan.read.formats.arrow import import_array

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

_DIGIT: Final = np.uint64(ord("0"))
_LARGEST: Final = np.uint64(0xFFFFFFFFFFFFFFFF)
_0, _8, _17, _29, _47 = np.uint64(0), np.uint64(8), np.uint64(17), np.uint64(29), np.uint64(47)


def sketch(texts: Texts) -> pl.DataFrame:
    """Sketch texts.

    Returns:
        One row each, in order: ``normal`` (UInt64, hash of the normalised tokens), ``tokens`` (UInt32, how many),
        ``sketch`` (list of UInt64, the kept shingles, ascending).
    """
    values = np.empty(int(texts.lengths.max(initial=0)) // 2 + 2, np.uint64)
    size = len(texts)
    normal, tokens, ends = np.empty(size, np.uint64), np.empty(size, np.uint32), np.zeros(size + 1, np.int64)
    kept = np.empty((size + 1) * KEPT_MAX, np.uint64)
    sketch_texts(texts.addresses, texts.lengths, values, normal, tokens, ends[1:], kept)
    lists = pa.LargeListArray.from_arrays(pa.array(ends), pa.array(kept[: ends[-1]].copy()))
    return pl.DataFrame({"normal": normal, "tokens": tokens, "sketch": import_array(lists)})


def _token_values() -> U64:
    """What each byte below 0xE0 counts as within a word: letters in lower case, any digit as 0, separators nothing."""
    values = np.zeros(256, np.uint64)
    values[0x80:0xE0] = np.arange(0x80, 0xE0)
    for letter in b"abcdefghijklmnopqrstuvwxyz":
        values[letter] = values[letter - 32] = letter
    values[ord("0") : ord("9") + 1] = _DIGIT
    return values


_TOKEN_VALUES: Final = _token_values()


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
            hashes[count] = finish((second * P1 + before) * P3 + character * P4 + P2)
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
    end = first
    expected = limit + 4 + limit // 2
    if stop - begin > expected:
        bound = _LARGEST // np.uint64(stop - begin) * np.uint64(expected)
        for k in range(begin, stop):
            if values[k] <= bound:
                end = _insert(kept, first, end, limit, values[k])
    if end < first + limit:
        for k in range(begin, stop):
            end = _insert(kept, first, end, limit, values[k])
    return end


@kernel("void(i8[::1], i8[::1], u8[::1], u8[::1], u4[::1], i8[::1], u8[::1])")
def sketch_texts(addresses: I64, lengths: I64, values: U64, normal: U64, tokens: U32, ends: I64, kept: U64) -> None:
    """Sketch texts: keep the smallest hashes of their shingles, after Broder's min-wise hashing; see ``sketch``.

    The shingles of the texts stand one after the other in ``kept``, up to ``ends``: ascending and distinct, the
    smallest of the first ``EDGE``, of the last ``EDGE`` and of all. ``kept`` has room for ``KEPT_MAX`` of each text and
    as many more for work, ``values`` for the tokens of one text: half the bytes of the longest, and two.
    """
    end = 0
    for row in range(addresses.size):
        count = _hash_tokens(addresses[row], addresses[row] + lengths[row], values)
        total = P3
        for k in range(count):
            total = (total ^ values[k]) * P1
            total = (total << _17) | (total >> _47)
        normal[row] = finish(total ^ np.uint64(count))
        tokens[row] = count
        shingles = max(0, count - SHINGLE + 1)
        for k in range(shingles):
            values[k] = finish(((values[k] * P1 + values[k + 1]) * P3 + values[k + 2]) * P4 + values[k + 3])
        # The bound on the whole follows the byte length, about six bytes a token.
        limit = min(WHOLE_MAX, max(WHOLE_MIN, lengths[row] // (6 * SPARSITY)))
        spare = end + KEPT_MAX
        first = end
        for part in range(3 if shingles > EDGE else 1):  # of a short text both ends are the whole
            begin, stop = (shingles - EDGE if part == 2 else 0), (EDGE if part == 1 else shingles)
            stop = _keep_smallest(values, begin, stop, kept, spare, limit)
            for k in range(spare, stop):
                end = _insert(kept, first, end, KEPT_MAX, kept[k])
            limit = EDGE_KEPT
        ends[row] = end
