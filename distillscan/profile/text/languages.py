"""The language of a text, told by its script and commonest words: a number for counting how many an account speaks."""

from functools import cache
from typing import Any, Final

import numpy as np
import polars as pl

from distillscan.profile.text import cues
from distillscan.profile.text.language_kernel import SCRIPTS, tell_rows
from distillscan.profile.text.strings import texts_of

_TOLD = cues.read_toml("languages.toml")

#: Languages in the order of their numbers; the first stands for a text of which it cannot be told.
LANGUAGES: Final = ("", *_TOLD["order"])

#: Bytes at the end of a text that are looked at: conversations are flattened oldest turn first, so these are what the
#: account's user wrote last.
TAIL: Final = 600


@cache
def _machine() -> tuple[Any, Any, Any]:
    """The automaton of short words, the language of each of its groups, and the language of each script."""
    words = _TOLD["words"]
    patterns = cues.patterns({language: {language: listed} for language, listed in words.items()})
    spoken = np.array([LANGUAGES.index(language) for language in words], np.int64)
    scripts = np.array([LANGUAGES.index(language) for language in SCRIPTS], np.int64)
    return cues.build(patterns, tuple(words)).arrays, spoken, scripts


def languages_of(texts: pl.Series) -> pl.Series:
    """Return the number of every text's language in ``LANGUAGES`` (UInt8), 0 where it is null or cannot be told.

    Only the end of a text is judged. Close languages are not told apart (Danish and Norwegian are one), program code
    passes for English, and a few words without any common one among them for nothing: good enough to count how many
    languages an account speaks, and for nothing else.
    """
    found = texts_of(texts)
    return pl.Series(texts.name, tell_rows(found.addresses, found.lengths, *_machine(), TAIL), dtype=pl.UInt8)
