"""Helpers that several test modules share."""

from collections.abc import Iterable, Mapping

ONE, TWO = range(20), range(20, 40)


Carried = dict[str, Mapping[int, Iterable[int]]]


def tokens(first: int, carriers: Iterable[int], count: int = 4) -> dict[int, list[int]]:
    """That many tokens, each on all of the carriers."""
    everyone = list(carriers)
    return {first + k: everyone for k in range(count)}


POOLS: Carried = {
    "ip": {**tokens(1, ONE), **tokens(11, TWO)},
    "payment": {**tokens(1, ONE, 2), **tokens(11, TWO, 2)},
}


BOTH = [*ONE, *TWO]
