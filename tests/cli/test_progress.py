"""Progress is true: it counts what was done, and a finished phase is finished."""

import io
import re

import pytest
from rich.console import Console

from distillscan.cli.progress import TerminalProgress

Lines = list[str]


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None, _environ={})


def _screen(progress: TerminalProgress) -> Lines:
    """The lines a person sees now."""
    console = Console(file=io.StringIO(), width=100, force_terminal=False, color_system=None, _environ={})
    console.print(progress._bars.get_renderable())
    assert isinstance(console.file, io.StringIO)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines()]


def test_phases_count_what_there_is(console: Console) -> None:
    with TerminalProgress(console) as progress:
        progress.advance(5)  # before any phase: nothing to count
        progress.phase("open", None, "")
        assert re.fullmatch(r"open \S+ 0:00:00", _screen(progress)[0])
        progress.phase("read and profile", 2_000_000, "rows")
        progress.advance(500_000)
        progress.advance(500_000)
        assert re.fullmatch(
            r"read and profile .* 1,000,000 of 2,000,000 rows 0:00:00( \d:\d\d left)?", _screen(progress)[1]
        )
        progress.phase("read and profile", 10_000_000, "bytes")
        progress.advance(2_500_000)
        assert "2.5 MB of 10.0 MB" in _screen(progress)[2]
        progress.phase("score", None, "clusters")
        progress.advance(7)
        assert re.search(r"score .* 7 clusters 0:00:00", _screen(progress)[3])


def test_the_first_run_says_what_it_is_waiting_for(console: Console) -> None:
    with TerminalProgress(console) as progress:
        progress.phase("compile", None, "")
        shown = _screen(progress)[0]
        assert re.fullmatch(r"compile \(only before the first run, takes some seconds\) \S+ 0:00:00", shown)


def test_a_finished_phase_is_complete_and_shows_no_time_left(console: Console) -> None:
    with TerminalProgress(console) as progress:
        progress.phase("detect", None, "")
        progress.phase("score", 10, "clusters")
        progress.advance(4)  # it had announced more than there was
        progress.phase("exemplars", None, "")
        detect, score, _ = progress._bars.tasks
        assert detect.finished
        assert score.finished
        assert "4 of 4 clusters" in _screen(progress)[1]
        assert "left" not in _screen(progress)[1]


def test_time_left_is_in_minutes_and_seconds(console: Console) -> None:
    now = [0.0]
    progress = TerminalProgress(console)
    progress._bars.get_time = lambda: now[0]
    progress.phase("read and profile", 1_000, "rows")
    for _ in range(4):
        now[0] += 1
        progress.advance(5)
    assert _screen(progress)[0].endswith("20 of 1,000 rows 0:00:04 3:16 left")


def test_it_leaves_nothing_behind(console: Console) -> None:
    with TerminalProgress(console) as progress:
        progress.phase("detect", None, "")
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().endswith("\x1b[1A\x1b[2K")


def test_markup_in_a_phase_is_text(console: Console) -> None:
    progress = TerminalProgress(console)
    progress.phase("[/x] [bold]", None, "")
    assert _screen(progress)[0].startswith("[/x] [bold] ")
