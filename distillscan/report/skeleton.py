"""Build the skeleton of a template from a few of its texts: what enough accounts share, ``{...}`` for the rest."""

import re
from collections.abc import Iterator, Sequence

_WORD = re.compile(r"\S+")
_DIGITS = re.compile(r"\d+")
#: Words of a text that are compared: a long text keeps its beginning and its end.
_HEAD, _TAIL = 260, 140
#: Characters in which these words are looked for, so that a text of megabytes costs no more than a long one.
_HEAD_CHARACTERS, _TAIL_CHARACTERS = 16_000, 8_000
#: A longer word is data, not wording.
_LONGEST = 200
#: A shared run is shown from this many words on: shorter ones are chance.
_RUN = 3
SLOT = "{...}"


def _words(text: str) -> list[str]:
    """The words of a text that are compared; the middle of a long text and words too long are a slot."""
    if len(text) > _HEAD_CHARACTERS + _TAIL_CHARACTERS:
        head, tail = _WORD.findall(text[:_HEAD_CHARACTERS]), _WORD.findall(text[-_TAIL_CHARACTERS:])
        words = [*head[:_HEAD], SLOT, *tail[-_TAIL:]]
    elif len(words := _WORD.findall(text)) > _HEAD + _TAIL:
        words = [*words[:_HEAD], SLOT, *words[-_TAIL:]]
    return [word if len(word) <= _LONGEST else SLOT for word in words]


def _normal(word: str) -> str:
    return _DIGITS.sub("0", word.casefold())


def _runs(words: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Every run of words that could be shown, with its place. Comparing sets of runs costs the same for any text."""
    normal = [_normal(word) for word in words]
    for at in range(len(normal) - _RUN + 1):
        run = tuple(normal[at : at + _RUN])
        if SLOT not in run:
            yield at, run


def skeleton(texts: Sequence[str], shared_by: int) -> str:
    """Return the words of the first text that stand in runs which at least ``shared_by`` of the texts have.

    The texts are one of each of several accounts, in a fixed order. A word must stand in ``shared_by`` of them (the
    first included) to be shown (k-anonymity); only ``{...}`` is shown if nothing is. Digits that differ are masked.
    """
    if len(texts) < shared_by:
        return SLOT
    base = _words(texts[0])
    runs = list(_runs(base))
    counts = [1] * len(base)
    masked = [False] * len(base)
    for text in texts[1:]:
        other = _words(text)
        theirs = {run for _, run in _runs(other)}
        exact = {word.casefold() for word in other}
        for k in {k for at, run in runs if run in theirs for k in range(at, at + _RUN)}:
            counts[k] += 1
            masked[k] |= base[k].casefold() not in exact
    shown: list[str] = []
    for word, count, mask in zip(base, counts, masked, strict=True):
        if count >= shared_by and word != SLOT:
            shown.append(_DIGITS.sub("#", word) if mask else word)
        elif not shown or shown[-1] != SLOT:
            shown.append(SLOT)
    ends = {_normal(words[-1]) for text in texts if (words := _words(text))}
    if shown and shown[-1] != SLOT and len(ends) > 1:
        shown.append(SLOT)
    return " ".join(shown) or SLOT
