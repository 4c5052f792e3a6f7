"""Progress on standard error: real phases with what is done, what there is, and the time left."""

from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from distillscan.wording import number, size


class _Amount(ProgressColumn):
    """``1,200,000 of 2,000,000 rows``; nothing for a phase that is not counted."""

    def render(self, task: Task) -> Text:
        unit = str(task.fields["unit"])
        if not unit:
            return Text()
        done, total = int(task.completed), None if task.total is None else int(task.total)
        if unit == "bytes":
            return Text(size(done) if total is None else f"{size(done)} of {size(total)}")
        return Text(f"{number(done)} {unit}" if total is None else f"{number(done)} of {number(total)} {unit}")


class _Left(ProgressColumn):
    """``0:12 left``, once there is a speed to go by."""

    max_refresh = 0.5  # seconds; a figure that changes faster cannot be read

    def render(self, task: Task) -> Text:
        if task.finished or task.total is None or task.time_remaining is None:
            return Text()
        minutes, seconds = divmod(int(task.time_remaining), 60)
        return Text(f"{minutes}:{seconds:02d} left", "dim")


#: What is shown instead of the name of a phase.
_SHOWN: Final = {"compile": "compile (only before the first run, takes some seconds)"}


class TerminalProgress:
    """Shows the running phase, and the finished ones above it; disappears when the report comes."""

    def __init__(self, console: Console | None = None) -> None:
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=28),
            _Amount(),
            TimeElapsedColumn(),
            _Left(),
            console=console or Console(stderr=True),
            transient=True,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def phase(self, name: str, total: int | None, unit: str) -> None:
        """Begin a phase; the one before is over, whatever it had announced."""
        if self._task is not None:
            done = self._bars.tasks[-1].completed or 1
            self._bars.update(self._task, total=done, completed=done)
        self._task = self._bars.add_task(_SHOWN.get(name, name), total=total, unit=unit)

    def advance(self, amount: int) -> None:
        """Count units as done."""
        if self._task is not None:
            self._bars.advance(self._task, amount)
