"""Build the profile of a whole log: batches on several threads, merged as they come, in bounded memory."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import polars as pl

from distillscan.profile.batch import profile_batch
from distillscan.profile.merge import merge
from distillscan.profile.tables import Profile

#: Parts waiting to be merged may take this many bytes (or as much as what is merged already, if that is more).
_PENDING_BYTES = 192 << 20


class Builder:
    """Collects profiles and merges them whenever those that wait outweigh what is merged (O(log n) merges a row)."""

    def __init__(self, pending_bytes: int = _PENDING_BYTES) -> None:
        self._limit = pending_bytes
        self._parts: list[Profile] = []
        self._merged_bytes = 0
        self._pending = 0

    def add(self, part: Profile) -> None:
        """Take one more profile."""
        self._parts.append(part)
        self._pending += part.estimated_bytes()
        if self._pending > max(self._limit, self._merged_bytes):
            self._compact()

    def _compact(self) -> None:
        whole = merge(self._parts)
        self._parts = [whole]
        self._merged_bytes = whole.estimated_bytes()
        self._pending = 0

    def parts(self) -> list[Profile]:
        """Return what is held, merged or waiting."""
        return self._parts

    def finish(self) -> Profile:
        """Return the profile of everything added."""
        return merge(self._parts)


def build_profile(
    tasks: Iterable[Callable[[], Iterator[pl.DataFrame]]], threads: int, builder: Builder | None = None
) -> Profile:
    """Profile the frames that the tasks yield.

    Args:
        tasks: Units of work that may run at the same time; each yields canonical frames (see ``profile_batch``).
        threads: How many run at once.
        builder: Where the parts are merged; a fresh one unless given.

    Returns:
        The merged profile, the same for every order of tasks and number of threads.
    """
    merged = builder or Builder()
    waiting: set[Future[list[Profile]]] = set()

    def run(task: Callable[[], Iterator[pl.DataFrame]]) -> list[Profile]:
        # A task that streams many batches merges its own parts, so that no list grows with the file.
        own = Builder()
        for frame in task():
            if frame.height:
                own.add(profile_batch(frame))
        return own.parts()

    with ThreadPoolExecutor(max_workers=max(1, threads), thread_name_prefix="profile") as pool:
        try:
            for task in tasks:
                waiting.add(pool.submit(run, task))
                if len(waiting) > threads:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    _collect(done, merged)
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                _collect(done, merged)
        except BaseException:
            for future in waiting:
                future.cancel()
            raise
    return merged.finish()


def _collect(done: set[Future[list[Profile]]], merged: Builder) -> None:
    for future in done:
        for part in future.result():
            merged.add(part)
