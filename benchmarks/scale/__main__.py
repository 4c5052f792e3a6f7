"""Measure how distillscan grows with the accounts of a log, and print or write the section of docs/performance.md.

Run in the repository: python -m benchmarks.scale LOGS --scenario default --accounts 50000 --accounts 100000 --write

Logs that are in the folder are used again. ``--scenario mission --accounts 370000`` is the mission's log, and
``--scenario held_out/plain`` one of another world.
"""

import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import click

from benchmarks.pages.page import DOCS, Page, check_clean, circumstances
from benchmarks.scale.figures import Figures
from benchmarks.scale.logs import Log, parse
from benchmarks.scale.measure import measure
from benchmarks.scale.plot import draw
from benchmarks.scale.tables import tables
from benchmarks.speed.tool import Tool

PAGE: Final = Page(DOCS / "performance.md", "python -m benchmarks.scale")
PLOT: Final = DOCS / "performance-scale.svg"
FIGURES: Final = Path(__file__).with_name("figures.json")
_SIZES: Final = (50_000, 100_000, 200_000, 400_000, 1_000_000)


def measure_all(logs: Sequence[Log], folder: Path, runs: int, figures: Figures, keep: Path) -> None:
    """Measure log after log; after each, all figures so far are kept in a file."""
    tool = Tool.here()
    with tempfile.TemporaryDirectory() as temporary:
        for log in logs:
            figures.logs[log.name] = measure(log, folder, Path(temporary), tool, runs)
            figures.save(keep)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="LOGS")
@click.option("--scenario", "families", multiple=True, metavar="NAME", help="A scenario, or WORLD/NAME; repeatable.")
@click.option("--accounts", "sizes", type=click.IntRange(1), multiple=True, help="A size of the logs; repeatable.")
@click.option("--corpus", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Folder of real prompts.")
@click.option("--runs", type=click.IntRange(1), default=3, show_default=True, help="Runs that count.")
@click.option("--write", is_flag=True, help="Write the page and figures.json, at a clean commit, instead of printing.")
@click.option("--fresh", is_flag=True, help="With --write: forget the figures of logs that are not measured now.")
def main(
    folder: Path, families: tuple[str, ...], sizes: tuple[int, ...], corpus: Path | None, runs: int, write: bool,
    fresh: bool,
) -> None:  # fmt: skip
    """Measure time and memory of the installed distillscan as accounts grow; LOGS is the folder of the logs."""
    if not find_spec("duckdb"):
        raise click.UsageError("the queries need duckdb: pip install -e '.[bench]'")
    if write:
        PAGE.around()  # better known now than after hours
        check_clean()
    logs = [parse(family, size, corpus) for family in families or ("default", "disclosed") for size in sizes or _SIZES]
    figures = Figures.load(FIGURES) if write and not fresh and FIGURES.exists() else Figures()
    words = [f"--scenario {family}" for family in families] + [f"--accounts {size}" for size in sizes]
    words += [*(["--corpus DIR"] if corpus else []), f"--runs {runs}"]
    figures.machine = circumstances(" ".join([PAGE.command, "LOGS", *words]), "polars", "pyarrow", "duckdb")
    folder.mkdir(parents=True, exist_ok=True)
    measure_all(logs, folder, runs, figures, folder / "figures.json")
    if not write:
        click.echo(tables(figures))
        return
    figures.save(FIGURES)
    PAGE.write(tables(figures))
    draw(figures, PLOT)


if __name__ == "__main__":
    main()
