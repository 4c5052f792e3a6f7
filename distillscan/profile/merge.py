"""Merge profiles: associative, commutative and exact, so that any split of a log gives the same profile."""

from collections.abc import Sequence

from distillscan.profile.collect import Collector
from distillscan.profile.tables import Profile


def merge(profiles: Sequence[Profile]) -> Profile:
    """Return the profile of all requests that the given profiles summarise.

    ``merge([profile(a), profile(b)])`` equals ``merge([profile(a + b)])`` for every split of the rows. The result is
    sorted by the keys of its tables and holds no entity or system prompt that no link names.
    """
    collector = Collector()
    for profile in profiles:
        collector.absorb(profile)
    return collector.profile()
