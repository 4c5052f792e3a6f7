"""Measure time and memory of distillscan, and print or write the tables of docs/performance.md.

Run in the repository: python -m benchmarks.speed --rows 1000000 --rows 2000000 --rows 4000000 --write

``--baseline ../old/.venv/bin/distillscan`` runs an earlier version in turn with this one, and gives the ratio of the
medians of their processor seconds.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import click

from benchmarks.pages.page import DOCS, Page, circumstances
from benchmarks.speed.figures import PARTS, Figures, Part, PartName
from benchmarks.speed.logs.shapes import Logs
from benchmarks.speed.parts import Bench
from benchmarks.speed.plot import draw
from benchmarks.speed.tables import tables
from benchmarks.speed.tool import Tool

PAGE: Final = Page(DOCS / "performance.md", "python -m benchmarks.speed")
FIGURES: Final = Path(__file__).with_name("figures.json")


def measure(bench: Bench, part: PartName, sizes: Sequence[int], rows: int, figures: Figures) -> None:
    """Measure a part; its figures replace those of an earlier run, sizes those of the same size."""
    click.echo(part, err=True)
    measures: Mapping[PartName, Callable[[], Part]] = {
        "sizes": lambda: figures.parts.get("sizes", {}) | bench.sizes(sizes),
        "threads": lambda: bench.threads(rows),
        "shapes": lambda: bench.shapes(rows),
        "formats": lambda: bench.formats(rows),
        "start": bench.start,
        "first": bench.first,
    }
    figures.parts[part] = measures[part]()


def keep(figures: Figures, page: Page, path: Path) -> None:
    """Write the figures, the tables into the page, and the plot beside it."""
    figures.save(path)
    page.write(tables(figures))
    if "sizes" in figures.parts:
        draw(figures.parts["sizes"], page.path.with_suffix(".svg"))


@click.command()
@click.option("--rows", "sizes", type=click.IntRange(1), multiple=True, help="A size of the part sizes; repeatable.")
@click.option("--other-rows", type=click.IntRange(16), default=2_000_000, show_default=True, help="For other parts.")
@click.option("--part", "named", type=click.Choice(PARTS), multiple=True, help="Only this; repeatable.")
@click.option("--runs", type=click.IntRange(1), default=5, show_default=True, help="Runs that count.")
@click.option(
    "--baseline", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="EXECUTABLE",
    help="An earlier distillscan to run in turn with this one in the parts formats and first.",
)  # fmt: skip
@click.option("--folder", type=click.Path(path_type=Path), metavar="DIR", help="Keep the logs here for another time.")
@click.option("--write", is_flag=True, help="Write the page and figures.json instead of printing the tables.")
@click.option("--fresh", is_flag=True, help="With --write: forget the figures of parts that are not measured now.")
def main(
    sizes: tuple[int, ...], other_rows: int, named: tuple[PartName, ...], runs: int, baseline: Path | None,
    folder: Path | None, write: bool, fresh: bool,
) -> None:  # fmt: skip
    """Measure how fast the installed distillscan is, and how much memory it takes."""
    parts = named or PARTS
    if "sizes" in parts and not find_spec("duckdb"):
        raise click.UsageError("the part sizes needs duckdb: pip install -e '.[bench]', or name other parts")
    if write:
        PAGE.around()  # better known now than after minutes
    figures = Figures.load(FIGURES) if write and not fresh and FIGURES.exists() else Figures()
    tools = {"tool": Tool.here()}
    if baseline is not None:
        tools["baseline"] = Tool.of(baseline)
        figures.baseline = tools["baseline"].version
    packages = ("polars", "pyarrow", *(("duckdb",) if "sizes" in parts else ()))
    words = [f"--rows {size}" for size in sizes] + [f"--part {part}" for part in named]
    words += [f"--other-rows {other_rows}", f"--runs {runs}", *(("--baseline EXECUTABLE",) if baseline else ())]
    figures.machine = circumstances(" ".join([PAGE.command, *words]), *packages)
    with tempfile.TemporaryDirectory() as temporary:
        bench = Bench(Logs((folder or Path(temporary) / "logs").resolve()), Path(temporary), runs, tools)
        for part in parts:
            measure(bench, part, sizes or (1_000_000, 2_000_000, 4_000_000), other_rows, figures)
            if write:
                keep(figures, PAGE, FIGURES)
    if not write:
        click.echo(tables(figures))


if __name__ == "__main__":
    main()
