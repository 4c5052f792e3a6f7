"""The loop that expands a compiled grammar into a text for every row.

It is compiled: a text takes a hundred steps, each of which depends on the one before, and a simulation is made of many
single texts. Expanding all rows in step with numpy takes several times as long.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from distillscan.compiled import kernel

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]

#: Lehmer generator: products stay below 2**48, so it is exact in plain integers, compiled or not.
_MULTIPLIER: Final = 48_271
_MODULUS: Final = 2_147_483_647
#: Below this depth a rule takes its first alternative, so that a rule that contains itself ends.
_DEPTH: Final = 14
#: Numbers on the stack: the next and the last part of every symbol that is being expanded.
STACK: Final = 2 * 64


@kernel(
    "i8(i8, i8[::1], i8[::1], i8[::1], i8[::1], f8[::1], i8[::1], i8[::1], i8[::1], u1[::1], i8[::1], i8[::1], u1[::1])"
)
def write_texts(
    begin: int, symbols: Ints, seeds: Ints, first: Ints, last: Ints, cumulative: Floats, parts: Ints, codes: Ints,
    literals: Ints, letters: Bytes, stack: Ints, offsets: Ints, out: Bytes,
) -> int:  # fmt: skip
    """Write the text of each row from ``begin`` on, as long as there is room; return the first row not written.

    Args:
        begin: Where to go on; its text begins at ``offsets[begin]``.
        symbols: The symbol of each row.
        seeds: Where its random numbers begin.
        first: See ``grammar.Grammar``, here and for the next five.
        last: The last alternative of each symbol.
        cumulative: How likely an alternative or one before it is.
        parts: The parts of each alternative.
        codes: What each part is: a literal, or the complement of a symbol.
        literals: The bytes of each literal.
        letters: All of them.
        stack: Room for ``STACK`` numbers.
        offsets: Where each text begins, and the last one ends; all but the first are written.
        out: Receives the texts.
    """
    for row in range(begin, symbols.size):
        state, pending, position, depth = seeds[row], symbols[row], offsets[row], 0
        while depth > 0 or pending >= 0:
            if pending >= 0:
                state = state * _MULTIPLIER % _MODULUS
                low, high = first[pending], last[pending]
                while depth <= _DEPTH and low < high:
                    middle = (low + high) // 2
                    if cumulative[middle] > state / _MODULUS:
                        high = middle
                    else:
                        low = middle + 1
                stack[2 * depth] = parts[low]
                stack[2 * depth + 1] = parts[low + 1]
                depth += 1
                pending = -1
            part = stack[2 * depth - 2]
            if part == stack[2 * depth - 1]:
                depth -= 1
                continue
            stack[2 * depth - 2] = part + 1
            code = codes[part]
            if code < 0:
                pending = -1 - code
                continue
            if position + literals[code + 1] - literals[code] > out.size:
                return row
            for letter in range(literals[code], literals[code + 1]):
                out[position] = letters[letter]
                position += 1
        offsets[row + 1] = position
    return symbols.size
