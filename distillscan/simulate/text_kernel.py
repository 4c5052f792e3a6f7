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


@kernel("void(i8[::1], i8[::1], i8[::1], f8[::1], i8[::1], i8[::1], i8[::1], u1[::1], i8[::1], i8[::1], u1[::1])")
def write_texts(
    symbols: Ints, seeds: Ints, alternatives: Ints, cumulative: Floats, parts: Ints, codes: Ints, literals: Ints,
    letters: Bytes, stack: Ints, offsets: Ints, out: Bytes,
) -> None:  # fmt: skip
    """Write the text of each row.

    Args:
        symbols: The symbol of each row.
        seeds: Where its random numbers begin.
        alternatives: See ``grammar.Grammar``, here and for the next five.
        cumulative: How likely an alternative or one before it is.
        parts: The parts of each alternative.
        codes: What each part is: a literal, or the complement of a symbol.
        literals: The bytes of each literal.
        letters: All of them.
        stack: Room for ``STACK`` numbers.
        offsets: Where each text begins, and the last one ends; all but the first are written.
        out: Receives the texts; if it is empty only ``offsets`` are written.
    """
    for row in range(symbols.size):
        state, pending, position, depth = seeds[row], symbols[row], offsets[row], 0
        while depth > 0 or pending >= 0:
            if pending >= 0:
                state = state * _MULTIPLIER % _MODULUS
                chosen = alternatives[pending]
                last = alternatives[pending + 1] - 1
                while depth <= _DEPTH and chosen < last:
                    middle = (chosen + last) // 2
                    if cumulative[middle] > state / _MODULUS:
                        last = middle
                    else:
                        chosen = middle + 1
                stack[2 * depth] = parts[chosen]
                stack[2 * depth + 1] = parts[chosen + 1]
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
            for letter in range(literals[code], literals[code + 1]):
                if out.size > 0:
                    out[position] = letters[letter]
                position += 1
        offsets[row + 1] = position
