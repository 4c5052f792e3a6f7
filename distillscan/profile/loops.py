"""The loops of the profile that are compiled: over the bytes of texts, over keys to be numbered, over samples."""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from distillscan.compiled import Kernel
from distillscan.profile.store.index import number_keys
from distillscan.profile.store.samples import sample_members
from distillscan.profile.text.automaton import count_groups
from distillscan.profile.text.hashes import find_lines, hash_texts
from distillscan.profile.text.languages import count_scripts
from distillscan.profile.text.rules import match_rules
from distillscan.profile.text.sketches import sketch_texts

LOOPS: Final[tuple[Kernel[..., Any], ...]] = (
    hash_texts, find_lines, sketch_texts, match_rules, count_groups, count_scripts, number_keys,
    sample_members,
)  # fmt: skip


def prepare_loops(before_compiling: Callable[[], None] = lambda: None) -> None:
    """Load the compiled loops, or compile them, which takes some seconds and is needed once per installation.

    ``before_compiling`` is called, once, if any has to be compiled.
    """
    tell = cache(before_compiling)
    for loop in LOOPS:
        loop.prepare(tell)
