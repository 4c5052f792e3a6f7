"""Types of the arrays that the compiled loops take, and constants that several of them use."""

from typing import Final

import numpy as np
import numpy.typing as npt

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
