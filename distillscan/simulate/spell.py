"""The two loops that walk a compiled grammar: one measures every text, one writes it."""

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]

#: Lehmer generator: products stay below 2**48, so it is exact in plain integers, compiled or not.
_MULTIPLIER: Final = 48_271
_MODULUS: Final = 2_147_483_647
#: Deeper than this a rule takes its first alternative, so a rule that contains itself comes to an end.
_DEPTH: Final = 14
_STACK: Final = 64


@njit(cache=True)
def _choose(symbol: int, fraction: float, depth: int, alternatives: Ints, cumulative: Floats) -> int:
    """The alternative of a symbol that a fraction in [0, 1) selects."""
    low = alternatives[symbol]
    if depth > _DEPTH:
        return int(low)
    high = alternatives[symbol + 1] - 1
    while low < high:
        middle = (low + high) // 2
        if cumulative[middle] > fraction:
            high = middle
        else:
            low = middle + 1
    return int(low)


@njit(cache=True)
def _walk(
    symbol: int,
    seed: int,
    alternatives: Ints,
    cumulative: Floats,
    parts: Ints,
    codes: Ints,
    literals: Ints,
    letters: Bytes,
    out: Bytes,
    start: int,
) -> int:
    """Write one text at ``out[start:]`` and return where it ends; with an empty ``out`` only the end is found."""
    at = np.empty(_STACK, np.int64)
    end = np.empty(_STACK, np.int64)
    state = seed
    chosen = 0
    depth = 0
    at[0] = 0
    end[0] = 1
    pending = symbol
    position = start
    while depth >= 0:
        if pending >= 0:
            state = state * _MULTIPLIER % _MODULUS
            chosen = _choose(pending, state / _MODULUS, depth, alternatives, cumulative)
            pending = -1
            depth += 1
            at[depth] = parts[chosen]
            end[depth] = parts[chosen + 1]
        if depth == 0 or at[depth] == end[depth]:
            depth -= 1
            continue
        code = codes[at[depth]]
        at[depth] += 1
        if code < 0:
            pending = -1 - code
        else:
            if out.size:
                for letter in range(literals[code], literals[code + 1]):
                    out[position + letter - literals[code]] = letters[letter]
            position += literals[code + 1] - literals[code]
    return int(position)


@njit(cache=True)
def measure(
    symbols: Ints, seeds: Ints, alternatives: Ints, cumulative: Floats, parts: Ints, codes: Ints, literals: Ints
) -> Ints:
    """Length in bytes of the text of each row."""
    nothing = np.empty(0, np.uint8)
    sizes = np.empty(symbols.size, np.int64)
    for row in range(symbols.size):
        sizes[row] = _walk(
            symbols[row], seeds[row], alternatives, cumulative, parts, codes, literals, nothing, nothing, 0
        )
    return sizes


@njit(cache=True)
def spell(
    symbols: Ints,
    seeds: Ints,
    alternatives: Ints,
    cumulative: Floats,
    parts: Ints,
    codes: Ints,
    literals: Ints,
    letters: Bytes,
    offsets: Ints,
) -> Bytes:
    """The texts of all rows, one after the other, row ``i`` at ``offsets[i]``."""
    out = np.empty(offsets[symbols.size], np.uint8)
    for row in range(symbols.size):
        _walk(symbols[row], seeds[row], alternatives, cumulative, parts, codes, literals, letters, out, offsets[row])
    return out
