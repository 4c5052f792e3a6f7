"""The byte loop: hashes of whole strings and sketches of their word shingles, compiled by numba.

Everything here walks a UTF-8 buffer with offsets (Arrow's string layout) and has a plain Python twin in
``kernel_reference``; the two are compared by hypothesis. Functions release the GIL and are cached on disk.

Text is normalised on the fly: ASCII letters in lower case, a run of digits read as one ``0``, ASCII punctuation and
white space and general punctuation (U+2000 to U+203F) as separators. A character of three or four bytes (Chinese,
Japanese, Korean and most scripts written without spaces) is a token by itself together with the two before it, so
text without spaces is shingled as well.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

U64 = npt.NDArray[np.uint64]
U32 = npt.NDArray[np.uint32]
I64 = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

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

_S17 = np.uint64(17)
_S27 = np.uint64(27)
_S29 = np.uint64(29)
_S32 = np.uint64(32)
_S37 = np.uint64(37)


@njit(cache=True, nogil=True, inline="always")
def _finish(h):  # type: ignore[no-untyped-def]
    h ^= h >> _S32
    h *= P4
    h ^= h >> _S29
    h *= P2
    h ^= h >> _S32
    return h


@njit(cache=True, nogil=True, inline="always")
def _word(data, at):  # type: ignore[no-untyped-def]
    """Eight bytes from ``at``, little-endian; LLVM joins them to one load."""
    w = np.uint64(data[at])
    w |= np.uint64(data[at + 1]) << np.uint64(8)
    w |= np.uint64(data[at + 2]) << np.uint64(16)
    w |= np.uint64(data[at + 3]) << np.uint64(24)
    w |= np.uint64(data[at + 4]) << np.uint64(32)
    w |= np.uint64(data[at + 5]) << np.uint64(40)
    w |= np.uint64(data[at + 6]) << np.uint64(48)
    w |= np.uint64(data[at + 7]) << np.uint64(56)
    return w


@njit(cache=True, nogil=True)
def hash_rows(offsets: I64, data: Bytes, head: int = 0) -> U64:
    """Return a 64-bit hash of every string, byte for byte (no normalisation). Stable over versions and machines.

    With ``head`` only the first ``head`` bytes count, and shorter strings get 0.
    """
    rows = offsets.size - 1
    out = np.empty(rows, np.uint64)
    for row in range(rows):
        at = offsets[row]
        end = offsets[row + 1]
        if head > 0:
            if end - at < head:
                out[row] = 0
                continue
            end = at + head
        h = P3 ^ (np.uint64(end - at) * P1)
        while at + 8 <= end:
            h ^= _word(data, at) * P1
            h = ((h << _S27) | (h >> _S37)) * P2 + P3
            at += 8
        if at < end:
            w = np.uint64(0)
            shift = np.uint64(0)
            while at < end:
                w |= np.uint64(data[at]) << shift
                shift += np.uint64(8)
                at += 1
            h ^= w * P1
            h = ((h << _S27) | (h >> _S37)) * P2 + P3
        out[row] = _finish(h)
    return out


@njit(cache=True, nogil=True, inline="always")
def _keep(best, filled, limit, value):  # type: ignore[no-untyped-def]
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


@njit(cache=True, nogil=True, inline="always")
def _union(best, whole, head, heads, ring, ringed, out):  # type: ignore[no-untyped-def]
    """Write the distinct union of the three selections into ``out``, ascending; return how many there are."""
    filled = 0
    for k in range(whole):
        filled = _keep(out, filled, KEPT_MAX, best[k])
    for k in range(heads):
        filled = _keep(out, filled, KEPT_MAX, head[k])
    tails = 0
    for k in range(min(ringed, EDGE)):
        tails = _keep(head, tails, EDGE_KEPT, ring[k])
    for k in range(tails):
        filled = _keep(out, filled, KEPT_MAX, head[k])
    return filled


@njit(cache=True, nogil=True)
def sketch_rows(offsets: I64, data: Bytes, rows: I64) -> tuple[U64, U32, I64, U64]:  # noqa: C901 - one loop on purpose
    """Sketch the chosen strings.

    Args:
        offsets: Where each string begins, one more than there are strings.
        data: The UTF-8 bytes.
        rows: Which strings to sketch.

    Returns:
        For each chosen string the hash of its normalised tokens and their number; then offsets into, and the values
        of, the kept shingles: the smallest of the first ``EDGE``, of the last ``EDGE`` and of all (bottom-k, after
        Broder's min-wise hashing), ascending and distinct.
    """
    n = rows.size
    normal = np.empty(n, np.uint64)
    tokens = np.empty(n, np.uint32)
    starts = np.zeros(n + 1, np.int64)
    kept = np.empty(max(64, n * 16), np.uint64)
    best = np.empty(WHOLE_MAX + 1, np.uint64)
    head = np.empty(EDGE_KEPT + 1, np.uint64)
    ring = np.empty(EDGE, np.uint64)
    out = np.empty(KEPT_MAX + 1, np.uint64)
    for i in range(n):
        at = offsets[rows[i]]
        end = offsets[rows[i] + 1]
        length = end - at
        count = 0
        whole = 0
        heads = 0
        shingles = 0
        total = P3
        t1 = np.uint64(0)
        t2 = np.uint64(0)
        t3 = np.uint64(0)
        c1 = np.uint64(0)
        c2 = np.uint64(0)
        # The bound on the whole follows the byte length (about six bytes a token), so it is known before the loop.
        limit = min(WHOLE_MAX, max(WHOLE_MIN, length // (6 * SPARSITY)))
        while at < end:
            b = data[at]
            token = np.uint64(0)
            if b >= 0xE0:
                code = np.uint64(b)
                size = 4 if b >= 0xF0 else 3
                stop = min(end, at + size)
                if b == 0xE2 and at + 1 < end and data[at + 1] == 0x80:  # U+2000..203F: spaces, dashes, curly quotes
                    at = stop
                    continue
                at += 1
                while at < stop:
                    code = (code << np.uint64(8)) | np.uint64(data[at])
                    at += 1
                token = _finish((c2 * P1 + c1) * P3 + code * P4 + P2)
                c2 = c1
                c1 = code
            elif b >= 0x80 or (97 <= b <= 122) or (65 <= b <= 90) or (48 <= b <= 57):
                h = P2
                digit = False
                while at < end:
                    b = data[at]
                    if 48 <= b <= 57:
                        at += 1
                        if digit:
                            continue
                        h = (h ^ np.uint64(48)) * P1
                        h ^= h >> _S29
                        digit = True
                        continue
                    if (97 <= b <= 122) or 0x80 <= b < 0xE0:
                        h = (h ^ np.uint64(b)) * P1
                        digit = False
                    elif 65 <= b <= 90:
                        h = (h ^ np.uint64(b + 32)) * P1
                        digit = False
                    else:
                        break
                    h ^= h >> _S29
                    at += 1
                token = h
                c1 = np.uint64(0)
                c2 = np.uint64(0)
            else:
                at += 1
                continue
            count += 1
            total = (total ^ token) * P1
            total = (total << _S17) | (total >> np.uint64(47))
            if count >= SHINGLE:
                value = _finish(((t3 * P1 + t2) * P3 + t1) * P4 + token)
                if shingles < EDGE:
                    heads = _keep(head, heads, EDGE_KEPT, value)
                ring[shingles & (EDGE - 1)] = value
                whole = _keep(best, whole, limit, value)
                shingles += 1
            t3 = t2
            t2 = t1
            t1 = token
        filled = _union(best, whole, head, heads, ring, shingles, out)
        if starts[i] + filled > kept.size:
            grown = np.empty(kept.size * 2, np.uint64)
            grown[: starts[i]] = kept[: starts[i]]
            kept = grown
        for k in range(filled):
            kept[starts[i] + k] = out[k]
        starts[i + 1] = starts[i] + filled
        normal[i] = _finish(total ^ np.uint64(count))
        tokens[i] = count
    return normal, tokens, starts, kept[: starts[n]].copy()
