"""The stand-in for the analysis that the tests of the command line use."""

from collections.abc import Callable, Sequence

import pytest
from click.testing import CliRunner, Result

import distillscan
from distillscan.cli import cli
from distillscan.options import AnalyzeOptions, RunOptions
from distillscan.progress import Progress
from tests.support import fake_pipeline

Run = Callable[..., Result]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Sequence[str], AnalyzeOptions, RunOptions, object]]:
    """Put the stand-in in place; every call it gets is listed here."""
    calls: list[tuple[Sequence[str], AnalyzeOptions, RunOptions, object]] = []

    def analyze(
        paths: Sequence[str], options: AnalyzeOptions, *, run: RunOptions, progress: Progress | None
    ) -> fake_pipeline.Report:
        calls.append((paths, options, run, progress))
        return fake_pipeline.analyze(paths, options, run=run, progress=progress)

    stand_in = fake_pipeline.module()
    monkeypatch.setattr(stand_in, "analyze", analyze)
    monkeypatch.setitem(__import__("sys").modules, "distillscan.pipeline", stand_in)
    monkeypatch.setattr(distillscan, "pipeline", stand_in, raising=False)
    return calls


@pytest.fixture
def run(seen: object) -> Run:
    """Run the command line in this process, without a terminal."""

    def run_cli(*args: str, **extra: object) -> Result:
        return CliRunner().invoke(cli, list(args), prog_name="distillscan", **extra)  # type: ignore[arg-type]

    return run_cli
