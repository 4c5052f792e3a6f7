"""Build the skeleton of a template from a few of its texts: what enough accounts share, ``{...}`` for the rest."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

_WORD = re.compile(r"\S+")
_DIGITS = re.compile(r"\d+")
#: Words of a text that are compared: a long text keeps its beginning and its end.
_HEAD, _TAIL = 260, 140
#: A shared run is shown from this many words on: shorter ones are chance.
_RUN = 3
SLOT = "{...}"


def _words(text: str) -> list[str]:
    words = _WORD.findall(text)
    return words if len(words) <= _HEAD + _TAIL else [*words[:_HEAD], SLOT, *words[-_TAIL:]]


def _normal(words: Sequence[str]) -> list[str]:
    return [_DIGITS.sub("0", word.casefold()) for word in words]


def skeleton(texts: Sequence[str], shared_by: int) -> str:
    """Return the words of the first text that at least ``shared_by`` of the texts have in the same order.

    Args:
        texts: One text of each of several accounts, in a fixed order.
        shared_by: In how many of them (the first included) a word must stand to be shown (k-anonymity).

    Returns:
        The skeleton; only ``{...}`` if too few texts are given or nothing is shared. Digits that differ are masked.
    """
    if len(texts) < shared_by:
        return SLOT
    base = _words(texts[0])
    plain = _normal(base)
    counts = [1] * len(base)
    masked = [False] * len(base)
    for text in texts[1:]:
        other = _words(text)
        matcher = SequenceMatcher(None, plain, _normal(other), autojunk=False)
        for block in matcher.get_matching_blocks():
            if block.size < _RUN:
                continue
            for k in range(block.size):
                counts[block.a + k] += 1
                masked[block.a + k] |= base[block.a + k].casefold() != other[block.b + k].casefold()
    shown: list[str] = []
    for word, count, mask in zip(base, counts, masked, strict=True):
        if count >= shared_by and word != SLOT:
            shown.append(_DIGITS.sub("#", word) if mask else word)
        elif not shown or shown[-1] != SLOT:
            shown.append(SLOT)
    ends = {_normal(words[-1:])[0] for text in texts if (words := _words(text))}
    if shown and shown[-1] != SLOT and len(ends) > 1:
        shown.append(SLOT)
    return " ".join(shown) or SLOT
