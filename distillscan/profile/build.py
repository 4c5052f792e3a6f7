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


def build_profile(
    tasks: Iterable[Callable[[], Iterator[pl.DataFrame]]], threads: int, watch: Callable[[int], None] | None = None
) -> Profile:
    """Profile the frames that the tasks yield.

    Args:
        tasks: Units of work that may run at the same time; each yields canonical frames (see ``profile_batch``).
        threads: How many run at once.
        watch: Told after every frame how many bytes the finished profile will take about; may raise to stop.

    Returns:
        The profile of all of them, the same for every order of tasks and number of threads.
    """
    work = _Work(threads, watch)
    with work.pool:
        try:
            for task in tasks:
                work.start(task)
            work.wait()
        except BaseException:
            work.stopped.set()
            raise
    return work.collector.profile()


class _Work:
    """Tasks under way, and frames that are profiled beside them.

    Everything under way holds one of ``threads`` places. While there are places left (few files, or a single giant
    one), the frames of a task are profiled beside it.
    """

    def __init__(self, threads: int, watch: Callable[[int], None] | None) -> None:
        self.collector = Collector()
        self.stopped = threading.Event()
        self.pool = ThreadPoolExecutor(max_workers=max(1, threads), thread_name_prefix="profile")
        self._places = threading.Semaphore(max(1, threads))
        self._watch = watch
        self._tasks: list[Future[None]] = []

    def start(self, task: Callable[[], Iterator[pl.DataFrame]]) -> None:
        """Begin a task as soon as there is a place; raise what an earlier one has raised."""
        self._places.acquire()
        self._tasks = _ended(self._tasks)
        self._tasks.append(self.pool.submit(self._run, partial(self._read, task)))

    def wait(self) -> None:
        """Wait for all tasks to end; raise what one has raised."""
        for future in self._tasks:
            future.result()

    def _run(self, job: Callable[[], None]) -> None:
        try:
            job()
        finally:
            self._places.release()

    def _read(self, task: Callable[[], Iterator[pl.DataFrame]]) -> None:
        beside: list[Future[None]] = []
        for frame in task():
            if self.stopped.is_set():
                return
            if self._watch is not None:
                self._watch(self.collector.estimated_bytes())
            if self._places.acquire(blocking=False):
                beside.append(self.pool.submit(self._run, partial(self.collector.add, frame)))
            else:
                self.collector.add(frame)
            beside = _ended(beside)
        for future in beside:
            future.result()


def _ended(futures: list[Future[None]]) -> list[Future[None]]:
    """Raise what those that are done have raised; return the others."""
    for future in futures:
        if future.done():
            future.result()
    return [future for future in futures if not future.done()]
