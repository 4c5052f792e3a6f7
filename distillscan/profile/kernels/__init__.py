"""The loops that are compiled: over the bytes of texts, over keys to be numbered and over samples to be kept.

All other work is done on whole columns, with polars and numpy. The tests compare every loop with plain Python
(``tests/support/reference.py``). Texts are read where they are in memory, by address and length (see ``text.hashes``).
The caller makes the arrays that a loop writes to: making them in the loop would double the time it takes to compile,
and so would ``np.uint64(29)`` in place of a constant.
"""

from collections.abc import Callable
from typing import Any, Final

from distillscan.compiled import Kernel
from distillscan.profile.kernels.cues import count_groups, count_scripts, find_cues, match_rules
from distillscan.profile.kernels.store import number_keys, sample_members
from distillscan.profile.kernels.texts import find_lines, hash_texts, sketch_texts

__all__ = [
    "KERNELS",
    "count_groups",
    "count_scripts",
    "find_cues",
    "find_lines",
    "hash_texts",
    "match_rules",
    "number_keys",
    "prepare_loops",
    "sample_members",
    "sketch_texts",
]

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
