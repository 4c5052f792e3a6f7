"""The byte loop: hashes of whole strings and sketches of their word shingles, compiled by numba.

Everything here walks strings where they lie in memory, given by address and length (a text column of polars is such a
list already, see ``strings``), and has a plain Python twin in ``kernel_reference``; the two are compared by hypothesis.
Functions release the GIL and are cached on disk.

Text is normalised on the fly: ASCII letters in lower case, a run of digits read as one ``0``, ASCII punctuation and
white space and general punctuation (U+2000 to U+203F) as separators. A character of three or four bytes (Chinese,
Japanese, Korean and most scripts written without spaces) is a token by itself together with the two before it, so
text without spaces is shingled as well.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

U64 = npt.NDArray[np.uint64]
U32 = npt.NDArray[np.uint32]
I64 = npt.NDArray[np.int64]

#: Odd 64-bit constants with well spread bits (fractional digits of pi and the golden ratio).
P1 = np.uint64(0x9E3779B97F4A7C15)
P2 = np.uint64(0xC13FA9A902A6328F)
P3 = np.uint64(0x91E10DA5C79E7B1D)
P4 = np.uint64(0xD6E8FEB86659FD93)

#: Tokens in a shingle. Four words are rare enough to name a template and short enough to survive its slots.
SHINGLE = 4
#: Shingles at either end of a text that compete among themselves: a short instruction at an end of a long text is kept.
EDGE = 32
EDGE_KEPT = 4
#: Of a whole text one shingle in this many is kept, between the two bounds.
SPARSITY = 24
WHOLE_MIN = 8
WHOLE_MAX = 48
#: Most shingles one text can give.
KEPT_MAX = WHOLE_MAX + 2 * EDGE_KEPT

#: Strings of at least this many bytes are hashed four at a time.
_LONG = 64
#: Of the string so many places on, so many bytes are fetched from memory: it takes longer than to hash them.
_AHEAD = 10
_FETCHED = 2048

_S17 = np.uint64(17)
_S27 = np.uint64(27)
_S29 = np.uint64(29)
_S32 = np.uint64(32)
_S37 = np.uint64(37)
_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_DIGIT = np.uint64(48)
_LARGEST = np.uint64(0xFFFFFFFFFFFFFFFF)

#: Values among which the smallest are looked for by counting; more than any sketch has.
_POOL = 128


def _values() -> U64:
    """What each byte below 0xE0 counts as within a word: letters in lower case, any digit as 0, separators nothing."""
    values = np.zeros(256, np.uint64)
    for byte in range(0x80, 0xE0):
        values[byte] = byte
    for letter in b"abcdefghijklmnopqrstuvwxyz":
        values[letter] = values[letter - 32] = letter
    for digit in b"0123456789":
        values[digit] = _DIGIT
    return values


_VALUES = _values()


@njit(cache=True, nogil=True)
def _finish(h):  # type: ignore[no-untyped-def]
    h ^= h >> _S32
    h *= P4
    h ^= h >> _S29
    h *= P2
    h ^= h >> _S32
    return h


def _load(bits: int) -> Any:
    """A function for compiled code that loads an unsigned number of so many bits from an address, aligned or not."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        value = builder.load(builder.inttoptr(arguments[0], ir.IntType(bits).as_pointer()))
        value.align = 1
        return value

    @intrinsic
    def load(_context: Any, address: Any) -> Any:  # noqa: ARG001 - its name is what compiled code sees
        return types.Integer.from_bitwidth(bits, signed=False)(types.int64), generate

    return load


def _prefetch() -> Any:
    """A function for compiled code that has memory at an address brought near; any address will do."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer, word, word, word])
        prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")  # type: ignore[no-untyped-call]
        to_read, kept, data = word(0), word(3), word(1)
        builder.call(prefetch, [builder.inttoptr(arguments[0], pointer), to_read, kept, data])
        return context.get_dummy_value()

    @intrinsic
    def fetch(_context: Any, address: Any) -> Any:  # noqa: ARG001 - its name is what compiled code sees
        return types.none(types.int64), generate

    return fetch


_byte = _load(8)
_fetch = _prefetch()
#: Eight bytes as they lie in memory, the first one lowest (all platforms numba compiles for are little-endian).
_word = _load(64)


@njit(cache=True, nogil=True)
def locate(views: U32, at: int, buffers: I64, addresses: I64, lengths: I64) -> None:
    """Work out where the strings of an Arrow view array are.

    Args:
        views: Four numbers a string: its length, then the string itself if it has at most twelve bytes, else its
            first four bytes, the number of its buffer and its offset there.
        at: Address of ``views``.
        buffers: Addresses of the buffers.
        addresses: Receives the address of each string.
        lengths: Receives the bytes of each string.
    """
    for row in range(addresses.size):
        length = np.int64(views[4 * row])
        lengths[row] = length
        if length <= 12:
            addresses[row] = at + 16 * row + 4
        else:
            addresses[row] = buffers[views[4 * row + 2]] + np.int64(views[4 * row + 3])


@njit(cache=True, nogil=True)
def _step(h, word):  # type: ignore[no-untyped-def]
    h ^= word * P1
    return ((h << _S27) | (h >> _S37)) * P2 + P3


@njit(cache=True, nogil=True)
def _rest(h, at, end):  # type: ignore[no-untyped-def]
    """Carry a hash on to the end of its string."""
    while at + 8 <= end:
        h = _step(h, _word(at))
        at += 8
    if at < end:
        word = np.uint64(0)
        shift = np.uint64(0)
        while at < end:
            word |= np.uint64(_byte(at)) << shift
            shift += np.uint64(8)
            at += 1
        h = _step(h, word)
    return _finish(h)


@njit(cache=True, nogil=True)
def _fetch_text(row, addresses, lengths):  # type: ignore[no-untyped-def]
    if row < addresses.size:
        for place in range(addresses[row], addresses[row] + min(lengths[row], _FETCHED), _LONG):
            _fetch(place)


@njit(cache=True, nogil=True)
def hash_texts(addresses: I64, lengths: I64) -> U64:
    """Return a 64-bit hash of every string, byte for byte (no normalisation). Stable over versions and machines.

    A step waits for the multiplications of the step before, so long strings are walked four at a time, and for memory,
    so those to come are fetched ahead.
    """
    out = np.empty(addresses.size, np.uint64)
    hashes = np.zeros(4, np.uint64)
    places = np.zeros(4, np.int64)
    words = np.zeros(4, np.int64)
    rows = np.full(4, -1, np.int64)
    coming = 0
    busy = True
    while busy:
        for lane in range(4):
            if words[lane] > 0:
                continue
            if rows[lane] >= 0:
                out[rows[lane]] = _rest(hashes[lane], places[lane], addresses[rows[lane]] + lengths[rows[lane]])
            while coming < addresses.size and lengths[coming] < _LONG:
                start = addresses[coming]
                seed = P3 ^ (np.uint64(lengths[coming]) * P1)
                out[coming] = _rest(seed, start, start + lengths[coming])
                coming += 1
            if coming == addresses.size:
                rows[lane] = -1
                busy = False
                continue
            _fetch_text(coming + _AHEAD, addresses, lengths)
            rows[lane] = coming
            hashes[lane] = P3 ^ (np.uint64(lengths[coming]) * P1)
            places[lane] = addresses[coming]
            words[lane] = lengths[coming] >> 3
            coming += 1
        if busy:
            _four(hashes, places, words)
    for lane in range(4):
        if rows[lane] >= 0:
            out[rows[lane]] = _rest(hashes[lane], places[lane], addresses[rows[lane]] + lengths[rows[lane]])
    return out


@njit(cache=True, nogil=True)
def _four(hashes, places, words):  # type: ignore[no-untyped-def]
    """Walk four strings as far as the shortest goes."""
    h0, h1, h2, h3 = hashes[0], hashes[1], hashes[2], hashes[3]
    a0, a1, a2, a3 = places[0], places[1], places[2], places[3]
    steps = min(min(words[0], words[1]), min(words[2], words[3]))
    for at in range(0, 8 * steps, 8):
        h0 = _step(h0, _word(a0 + at))
        h1 = _step(h1, _word(a1 + at))
        h2 = _step(h2, _word(a2 + at))
        h3 = _step(h3, _word(a3 + at))
    hashes[0], hashes[1], hashes[2], hashes[3] = h0, h1, h2, h3
    for lane in range(4):
        places[lane] += 8 * steps
        words[lane] -= steps


@njit(cache=True, nogil=True)
def _line_end(at, end):  # type: ignore[no-untyped-def]
    """Where the line that begins at an address is over: after a line break or a sentence, at the end at the latest."""
    begin = at
    while at < end:
        b = _byte(at)
        at += 1
        if b == 10 or (b in (33, 46, 63) and at < end and _byte(at) == 32):
            return at
        if b == 0x82 and at >= begin + 3 and _byte(at - 2) == 0x80 and _byte(at - 3) == 0xE3:  # a full stop of Chinese
            return at
    return end


@njit(cache=True, nogil=True)
def find_lines(addresses: I64, lengths: I64, least: int) -> tuple[I64, I64, I64]:
    """Find the lines of strings: what stands between line breaks and ends of sentences, without white space around it.

    Args:
        addresses: Where each string is.
        lengths: Its bytes.
        least: Bytes of the shortest line that counts, at least 1.

    Returns:
        For each line that counts the number of its string, its address and its bytes; in the order of the texts.
    """
    room = 0
    for row in range(addresses.size):
        room += lengths[row] // least
    rows, starts, sizes = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    found = 0
    for row in range(addresses.size):
        at, end = addresses[row], addresses[row] + lengths[row]
        while at < end:
            following = _line_end(at, end)
            last = following
            while at < last and _byte(at) <= 32:
                at += 1
            while last > at and _byte(last - 1) <= 32:
                last -= 1
            if last - at >= least:
                rows[found], starts[found], sizes[found] = row, at, last - at
                found += 1
            at = following
    return rows[:found].copy(), starts[:found].copy(), sizes[:found].copy()


@njit(cache=True, nogil=True)
def _tokens(at, end, out):  # type: ignore[no-untyped-def]
    """Write the hashes of the tokens of one string to ``out`` (half as long, and two); return how many there are."""
    count = np.uint64(0)
    h = P2
    last = _ZERO  # the byte before, as it counts: 0 outside of words
    c1 = _ZERO  # the characters of three or four bytes before
    c2 = _ZERO
    while at < end:
        byte = _byte(at)
        if byte < 0xE0:
            value = _VALUES[byte]
            longer = (h ^ value) * P1
            longer ^= longer >> _S29
            # Written in any case, counted at the end of a word: a branch per byte would be guessed wrong at each end.
            out[count] = h
            if value == _ZERO:
                count += _ONE if last != _ZERO else _ZERO
                h = P2
            else:
                h = h if value == _DIGIT and last == _DIGIT else longer
                c1 = _ZERO
                c2 = _ZERO
            last = value
            at += 1
            continue
        if last != _ZERO:
            out[count] = h
            count += _ONE
            h = P2
            last = _ZERO
        stop = min(end, at + (4 if byte >= 0xF0 else 3))
        if byte == 0xE2 and at + 1 < end and _byte(at + 1) == 0x80:  # U+2000..203F: spaces, dashes, curly quotes
            at = stop
            continue
        code = np.uint64(byte)
        at += 1
        while at < stop:
            code = (code << np.uint64(8)) | np.uint64(_byte(at))
            at += 1
        out[count] = _finish((c2 * P1 + c1) * P3 + code * P4 + P2)
        count += _ONE
        c2 = c1
        c1 = code
    if last != _ZERO:
        out[count] = h
        count += _ONE
    return np.int64(count)


@njit(cache=True, nogil=True)
def _settle(pool, filled, limit, out):  # type: ignore[no-untyped-def]
    """Write the smallest distinct of ``filled`` values to ``out``, ascending, ``limit`` at most; return how many.

    Each goes where the number of smaller ones says: of a few values that is quicker than to sort them.
    """
    for i in range(filled):
        rank = np.int64(0)
        for j in range(filled):
            rank += np.int64(pool[j] < pool[i])
        for j in range(i):
            rank += np.int64(pool[j] == pool[i])
        pool[_POOL + rank] = pool[i]
    found = 0
    for i in range(filled):
        value = pool[_POOL + i]
        if found < limit and (found == 0 or value != out[found - 1]):
            out[found] = value
            found += 1
    return found


@njit(cache=True, nogil=True)
def _smallest(values, first, last, limit, pool, out):  # type: ignore[no-untyped-def]
    """Write the ``limit`` smallest distinct values from ``first`` to ``last`` to ``out``, ascending; return how many.

    They are spread evenly, so most can be told by a bound; only where that leaves too few (repetitive text) or too
    many, all are sorted in one by one.
    """
    wanted = limit + 4 + limit // 2
    bound = _LARGEST
    if last - first > wanted:
        bound = bound // np.uint64(last - first) * np.uint64(wanted)
    filled = np.int64(0)
    for k in range(first, last):
        pool[min(filled, _POOL - 1)] = values[k]
        filled += np.int64(values[k] <= bound)
    if filled < _POOL:
        found = _settle(pool, filled, limit, out)
        if found == limit or bound == _LARGEST:
            return found
    found = np.int64(0)
    for k in range(first, last):
        found = _insert(out, found, limit, values[k])
    return found


@njit(cache=True, nogil=True)
def _insert(best, filled, limit, value):  # type: ignore[no-untyped-def]
    """Insert ``value`` into the ascending first ``filled`` cells of ``best`` unless present; return the new fill."""
    if filled == limit and value >= best[filled - 1]:
        return filled
    at = filled
    while at > 0 and best[at - 1] > value:
        at -= 1
    if at > 0 and best[at - 1] == value:
        return filled
    last = filled if filled < limit else limit - 1
    for k in range(last, at, -1):
        best[k] = best[k - 1]
    best[at] = value
    return filled + 1 if filled < limit else filled


@njit(cache=True, nogil=True)
def _shingles(values, count):  # type: ignore[no-untyped-def]
    """Turn ``count`` tokens into the shingles that begin with them, in place; return how many and a hash of all."""
    total = P3
    for k in range(count):
        total = (total ^ values[k]) * P1
        total = (total << _S17) | (total >> np.uint64(47))
    found = max(0, count - SHINGLE + 1)
    for k in range(found):
        values[k] = _finish(((values[k] * P1 + values[k + 1]) * P3 + values[k + 2]) * P4 + values[k + 3])
    return found, _finish(total ^ np.uint64(count))


@njit(cache=True, nogil=True)
def sketch_texts(addresses: I64, lengths: I64) -> tuple[U64, U32, I64, U64]:
    """Sketch strings.

    Args:
        addresses: Where each string is.
        lengths: Its bytes.

    Returns:
        For each string the hash of its normalised tokens and their number; then offsets into, and the values of, the
        kept shingles: the smallest of the first ``EDGE``, of the last ``EDGE`` and of all (bottom-k, after Broder's
        min-wise hashing), ascending and distinct.
    """
    n = addresses.size
    normal = np.empty(n, np.uint64)
    tokens = np.empty(n, np.uint32)
    starts = np.zeros(n + 1, np.int64)
    kept = np.empty(n * KEPT_MAX, np.uint64)
    longest = 0
    for row in range(n):
        longest = max(longest, lengths[row])
    values = np.empty(longest // 2 + 2, np.uint64)
    pool = np.empty(2 * _POOL, np.uint64)
    mixed = np.empty(2 * _POOL, np.uint64)
    # A constant among the arguments would be compiled for by itself: the very first run would take seconds longer.
    none, edge, edge_kept, most = np.int64(0), np.int64(EDGE), np.int64(EDGE_KEPT), np.int64(KEPT_MAX)
    for row in range(n):
        count = _tokens(addresses[row], addresses[row] + lengths[row], values)
        tokens[row] = count
        shingles, normal[row] = _shingles(values, count)
        # The bound on the whole follows the byte length, about six bytes a token.
        limit = min(WHOLE_MAX, max(WHOLE_MIN, lengths[row] // (6 * SPARSITY)))
        out = kept[starts[row] :]
        if shingles <= EDGE:  # both ends are the whole, of which more is kept than of an end
            filled = _smallest(values, none, shingles, limit, pool, out)
        else:
            filled = _smallest(values, none, shingles, limit, pool, mixed)
            filled += _smallest(values, none, edge, edge_kept, pool, mixed[filled:])
            filled += _smallest(values, shingles - edge, shingles, edge_kept, pool, mixed[filled:])
            filled = _settle(mixed, filled, most, out)
        starts[row + 1] = starts[row] + filled
    return normal, tokens, starts, kept[: starts[n]].copy()
