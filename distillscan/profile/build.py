"""Build the profile of a whole log: batches on several threads, collected as they come, in bounded memory."""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

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
    # Everything under way holds one of ``threads`` places. While there are places left (few files, or a single giant
    # one), the frames of a task are profiled beside it.
    places = threading.Semaphore(max(1, threads))
    stopped = threading.Event()

    def run(job: Callable[[], None]) -> None:
        try:
            job()
        finally:
            places.release()

    def read(task: Callable[[], Iterator[pl.DataFrame]]) -> None:
        beside: list[Future[None]] = []
        for frame in task():
            if stopped.is_set():
                return
            if places.acquire(blocking=False):
                beside.append(pool.submit(run, partial(collector.add, frame)))
            else:
                collector.add(frame)
            beside = _ended(beside)
        for future in beside:
            future.result()

    waiting: list[Future[None]] = []
    with ThreadPoolExecutor(max_workers=max(1, threads), thread_name_prefix="profile") as pool:
        try:
            for task in tasks:
                places.acquire()
                waiting = _ended(waiting)
                waiting.append(pool.submit(run, partial(read, task)))
            for future in waiting:
                future.result()
        except BaseException:
            stopped.set()
            raise
    return collector.profile()


def _ended(futures: list[Future[None]]) -> list[Future[None]]:
    """Raise what those that are done have raised; return the others."""
    for future in futures:
        if future.done():
            future.result()
    return [future for future in futures if not future.done()]
