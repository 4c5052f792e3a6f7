"""The stand-in for the analysis that the tests of the command line use."""

from collections.abc import Callable, Sequence

import pytest
from click.testing import CliRunner, Result

import distillscan
from distillscan.cli import cli
from tests.support import fake_pipeline

Run = Callable[..., Result]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Sequence[str], fake_pipeline.AnalyzeOptions, object]]:
    """Put the stand-in in place; every call it gets is listed here."""
    calls: list[tuple[Sequence[str], fake_pipeline.AnalyzeOptions, object]] = []

    def analyze_paths(
        paths: Sequence[str], options: fake_pipeline.AnalyzeOptions, progress: object = None
    ) -> fake_pipeline.Report:
        calls.append((paths, options, progress))
        return fake_pipeline.analyze_paths(paths, options, progress)

    stand_in = fake_pipeline.module()
    monkeypatch.setattr(stand_in, "analyze_paths", analyze_paths)
    monkeypatch.setitem(__import__("sys").modules, "distillscan.pipeline", stand_in)
    monkeypatch.setattr(distillscan, "pipeline", stand_in, raising=False)
    return calls


@pytest.fixture
def run(seen: object) -> Run:
    """Run the command line in this process, without a terminal."""

    def run_cli(*args: str, **extra: object) -> Result:
        return CliRunner().invoke(cli, list(args), prog_name="distillscan", **extra)  # type: ignore[arg-type]

    return run_cli
