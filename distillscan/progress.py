"""How far a run is: what a listener is told, and how long each phase took."""

import threading
import time
from typing import Protocol


class Progress(Protocol):
    """A listener that is told how far the analysis is."""

    def phase(self, name: str, total: int | None, unit: str) -> None:
        """Begin a phase of ``total`` units (None if not known); the phase before is over."""

    def advance(self, amount: int) -> None:
        """Count ``amount`` more units of the phase as done."""


class PhaseTimer:
    """Passes progress on to a listener, from any thread, and measures each phase.

    Attributes:
        seconds: Wall-clock seconds spent in each phase that is over.
        cpu_seconds: Processor seconds of all threads in each of these.
    """

    def __init__(self, listener: Progress | None) -> None:
        self._listener = listener
        self._lock = threading.Lock()
        self._name: str | None = None
        self._since, self._cpu_since = time.perf_counter(), time.process_time()
        self.seconds: dict[str, float] = {}
        self.cpu_seconds: dict[str, float] = {}

    def phase(self, name: str, total: int | None = None, unit: str = "") -> None:
        """Begin a phase."""
        self.finish()
        self._name = name
        if self._listener is not None:
            self._listener.phase(name, total, unit)

    def advance(self, amount: int) -> None:
        """Count units of the phase as done."""
        if self._listener is not None:
            with self._lock:
                self._listener.advance(amount)

    def finish(self) -> None:
        """End the running phase, if there is one."""
        now, cpu = time.perf_counter(), time.process_time()
        if self._name is not None:
            self.seconds[self._name] = round(self.seconds.get(self._name, 0.0) + now - self._since, 3)
            self.cpu_seconds[self._name] = round(self.cpu_seconds.get(self._name, 0.0) + cpu - self._cpu_since, 3)
        self._name, self._since, self._cpu_since = None, now, cpu
