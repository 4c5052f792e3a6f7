"""Build the profile of a whole log: batches on several threads, collected as they come, in bounded memory."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial

import polars as pl

from distillscan.profile.collect import Collector
from distillscan.profile.tables import Profile


def profile_batch(frame: pl.DataFrame) -> Profile:
    """Summarise rows of a log.

    Args:
        frame: Columns ``source`` and ``row`` and canonical columns (``distillscan.columns``) in their canonical types;
            ``timestamp`` and ``account_id`` without nulls.
    """
    collector = Collector()
    collector.add(frame)
    return collector.profile()


def merge(profiles: Sequence[Profile]) -> Profile:
    """Return the profile of all requests that the given profiles summarise.

    ``merge([profile(a), profile(b)])`` equals ``merge([profile(a + b)])`` for every split of the rows. The result is
    sorted by the keys of its tables and holds no entity or system prompt that no link names.
    """
    collector = Collector()
    for profile in profiles:
        collector.absorb(profile)
    return collector.profile()


def build_profile(
    tasks: Iterable[Callable[[], Iterator[pl.DataFrame]]], threads: int, watch: Callable[[int], None] | None = None
) -> Profile:
    """Profile the frames that the tasks yield: the same for every order of tasks and number of threads.

    While there are threads left (few files, or a single giant one), the frames of a task are profiled beside it.

    Args:
        tasks: Units of work that may run at the same time; each yields canonical frames (see ``profile_batch``).
        threads: How many run at once.
        watch: Told before every frame how many bytes the finished profile will take about; may raise to stop.
    """
    work = _Work(threads, watch)
    with work.pool:
        try:
            work.read_all(tasks)
        except BaseException as error:
            work.failures.append(error)
    if work.failures:
        raise work.failures[0]
    return work.collector.profile()


class _Work:
    """What is under way, all of which holds one of as many places as there are threads, and what has failed of it."""

    def __init__(self, threads: int, watch: Callable[[int], None] | None) -> None:
        self.collector = Collector()
        self.failures: list[BaseException] = []
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="profile")
        self._places = threading.Semaphore(threads)
        self._watch = watch

    def read_all(self, tasks: Iterable[Callable[[], Iterator[pl.DataFrame]]]) -> None:
        """Begin each task as soon as there is a place, until one fails; return when all have ended."""
        reading = []
        for task in tasks:
            self._places.acquire()
            if self.failures:
                break
            reading.append(self.pool.submit(self._run, partial(self._read, task)))
        wait(reading)

    def _run(self, job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:
            self.failures.append(error)
        finally:
            self._places.release()

    def _read(self, task: Callable[[], Iterator[pl.DataFrame]]) -> None:
        for frame in task():
            if self.failures:
                return
            if self._watch is not None:
                self._watch(self.collector.estimated_bytes())
            if self._places.acquire(blocking=False):
                self.pool.submit(self._run, partial(self.collector.add, frame))
            else:
                self.collector.add(frame)
