"""Measure how fast distillscan is, against DuckDB and against a bare scan, and write docs/performance.md.

Run from anywhere: python benchmarks/speed/speed_run.py --rows 1 --rows 2 --rows 4
"""

import json
import multiprocessing
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from speed_logs import Logs, prompt_bytes
from speed_plot import draw
from speed_runs import Command, in_turn, timed, tool
from speed_tables import tables

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "performance.md"
FIGURES: Final = Path(__file__).with_name("figures.json")
BEGIN: Final = "<!-- figures: begin; written by benchmarks/speed/speed_run.py -->"
END: Final = "<!-- figures: end -->"
PARTS: Final = ("sizes", "threads", "shapes", "formats", "start")
_MILLION: Final = 1_000_000

T = TypeVar("T")


def apart(make: Callable[..., T], *inputs: Any) -> T:
    """Call a function in a process of its own: a child's peak memory counts from what its parent has in use."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(make, *inputs).result()


class Bench:
    """Measures one part after the other; each part's figures replace those of an earlier run."""

    def __init__(self, logs: Logs, folder: Path, runs: int) -> None:
        self._logs = logs
        self._folder = folder
        self._runs = runs

    def sizes(self, rows: int) -> dict[str, Any]:
        """Tool, baseline and limit on the same log, in turn."""
        log = apart(self._logs.ordinary, rows)
        bench = self._logs.bench
        commands = {
            "tool": tool(self._folder, [log]),
            "baseline": Command([sys.executable, str(bench / "duckdb_baseline.py"), str(log)]),
            "limit": Command([sys.executable, str(bench / "scan_limit.py"), str(log)]),
        }
        return {**in_turn(commands, self._runs), "prompt_bytes": apart(prompt_bytes, [log])}

    def threads(self, rows: int) -> dict[str, Any]:
        """One, two and eight threads."""
        log = apart(self._logs.ordinary, rows)
        commands = {str(n): tool(self._folder, [log], "--threads", str(n)) for n in (1, 2, 8)}
        return {"rows": rows, "runs": in_turn(commands, self._runs)}

    def shapes(self, rows: int) -> dict[str, Any]:
        """Twice the rows over the same accounts, one row group, a thousand files, long prompts."""
        found = {}
        for name, paths, count in (
            ("ordinary", [apart(self._logs.ordinary, rows)], rows),
            ("twice the rows, same accounts", apart(self._logs.twice, rows), 2 * rows),
            ("one row group", [apart(self._logs.one_group, rows)], rows),
            ("1,000 files", [apart(self._logs.files, rows, 1000)], rows),
            ("prompts of 10 kB", [apart(self._logs.long_prompts, rows // 16)], rows // 16),
        ):
            click.echo(name, err=True)
            files = [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path])]
            runs = in_turn({"tool": tool(self._folder, paths)}, self._runs)["tool"]
            found[name] = {"rows": count, "runs": runs, "prompt_bytes": apart(prompt_bytes, files)}
        return found

    def formats(self, rows: int) -> dict[str, Any]:
        """The same log as Parquet, CSV and NDJSON."""
        paths = {"Parquet": apart(self._logs.ordinary, rows)}
        paths |= {suffix.upper(): apart(self._logs.text, rows, suffix) for suffix in ("csv", "ndjson")}
        runs = in_turn({name: tool(self._folder, [path]) for name, path in paths.items()}, self._runs)
        return {name: {"rows": rows, "runs": runs[name]} for name in paths}

    def start(self) -> dict[str, Any]:
        """The help, and a log of a thousand rows: with everything compiled, and on a machine that has run nothing."""
        log = apart(self._logs.ordinary, 1000)
        shown = Command([sys.executable, "-m", "distillscan", "--help"])
        found = in_turn({"`--help`": shown, "1,000 rows": tool(self._folder, [log])}, self._runs)
        return {**found, "1,000 rows, the very first time": [self._first(log) for _ in range(self._runs)]}

    def _first(self, log: Path) -> dict[str, Any]:
        """A run with nothing compiled: numba compiles into a folder that is new."""
        with tempfile.TemporaryDirectory(dir=self._folder) as compiled:
            return asdict(timed(tool(self._folder, [log], environment={"NUMBA_CACHE_DIR": compiled})))


def machine(command: str) -> str:
    """What the figures were measured with."""
    import duckdb
    import polars
    import pyarrow

    import distillscan

    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    commit = f", commit {described}" if described else ""
    return (
        f"distillscan {distillscan.__version__}{commit}; Python "
        f"{platform.python_version()}, polars {polars.__version__}, pyarrow {pyarrow.__version__}, DuckDB "
        f"{duckdb.__version__}; {platform.system()}, {os.cpu_count()} cores, {memory:.0f} GiB. "
        f"Command:\n\n    {command}"
    )


def write(figures: dict[str, Any], page: Path) -> None:
    """Put the tables between the markers of the page, and the plot beside it."""
    head, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise click.UsageError(f"{page} has no lines {BEGIN} and {END}: the figures go between them")
    page.write_text(f"{head}{begin}\n\n{tables(figures).strip()}\n\n{end}{tail}", encoding="utf-8")
    if figures.get("sizes"):
        draw(figures["sizes"], page.with_suffix(".svg"))


@click.command()
@click.option(
    "--rows", "millions", type=float, multiple=True, metavar="MILLIONS", help="Sizes to grow over; repeatable."
)
@click.option("--other-rows", type=float, default=2.0, show_default=True, metavar="MILLIONS", help="For other parts.")
@click.option("--part", "parts", type=click.Choice(PARTS), multiple=True, help="Only this; repeatable.")
@click.option("--runs", type=click.IntRange(1), default=5, show_default=True, help="Runs that count.")
@click.option("--bench-dir", type=click.Path(path_type=Path), default=ROOT.parent / "shared" / "bench", metavar="DIR")
@click.option("--folder", type=click.Path(path_type=Path), metavar="DIR", help="Keep the logs here for another time.")
@click.option("--fresh", is_flag=True, help="Forget the figures of parts and sizes that are not measured now.")
def main(
    millions: tuple[float, ...], other_rows: float, parts: tuple[str, ...], runs: int, bench_dir: Path,
    folder: Path | None, fresh: bool,
) -> None:  # fmt: skip
    """Measure, and write docs/performance.md."""
    if not (bench_dir / "make_log.py").exists():
        raise click.UsageError(f"{bench_dir} has no make_log.py: say with --bench-dir where the timing scripts are")
    figures = json.loads(FIGURES.read_bytes()) if FIGURES.exists() and not fresh else {}
    chosen = parts or PARTS
    other = int(other_rows * _MILLION)
    with tempfile.TemporaryDirectory() as temporary:
        bench = Bench(Logs(folder or Path(temporary), bench_dir), Path(temporary), runs)
        figures["machine"] = machine(f"python benchmarks/speed/speed_run.py {' '.join(sys.argv[1:])}".strip())
        for part in chosen:
            click.echo(part, err=True)
            if part == "sizes":
                for size in sorted(int(one * _MILLION) for one in millions or (1.0, 2.0, 4.0)):
                    figures.setdefault("sizes", {})[str(size)] = bench.sizes(size)
            elif part == "start":
                figures["start"] = bench.start()
            else:
                figures[part] = getattr(bench, part)(other)
            FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
            write(figures, PAGE)


if __name__ == "__main__":
    main()
