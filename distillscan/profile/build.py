"""Build the profile of a whole log: batches on several threads, collected as they come, in bounded memory."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import polars as pl

from distillscan.profile.collect import Collector
from distillscan.profile.tables import Profile


def profile_batch(frame: pl.DataFrame) -> Profile:
    """Summarise rows of a log.

    Args:
        frame: Columns ``source`` and ``row`` and canonical columns (``distillscan.columns``) in their canonical types;
            ``timestamp`` and ``account_id`` without nulls.

    Returns:
        Their profile.
    """
    collector = Collector()
    collector.add(frame)
    return collector.profile()


def build_profile(tasks: Iterable[Callable[[], Iterator[pl.DataFrame]]], threads: int) -> Profile:
    """Profile the frames that the tasks yield.

    Args:
        tasks: Units of work that may run at the same time; each yields canonical frames (see ``profile_batch``).
        threads: How many run at once.

    Returns:
        The profile of all of them, the same for every order of tasks and number of threads.
    """
    collector = Collector()
    waiting: set[Future[None]] = set()

    def run(task: Callable[[], Iterator[pl.DataFrame]]) -> None:
        for frame in task():
            collector.add(frame)

    with ThreadPoolExecutor(max_workers=max(1, threads), thread_name_prefix="profile") as pool:
        try:
            for task in tasks:
                waiting.add(pool.submit(run, task))
                if len(waiting) > threads:
                    waiting = _collect(waiting)
            while waiting:
                waiting = _collect(waiting)
        except BaseException:
            for future in waiting:
                future.cancel()
            raise
    return collector.profile()


def _collect(waiting: set[Future[None]]) -> set[Future[None]]:
    """Wait for a task to end, and raise what it raised."""
    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
    for future in done:
        future.result()
    return waiting
