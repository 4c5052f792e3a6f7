"""Logs of different shapes, made when they are first asked for and kept in one folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.speed.logs.gateways import write_records
from benchmarks.speed.logs.requests import write_log

#: Prompts of the ordinary log that make one long prompt: 16 of about 610 bytes are about 10 kB.
LONG: Final = 16
_ROWS_AT_ONCE: Final = 65_536


class Logs:
    """Logs in one folder. Whatever exists is complete, because it is renamed only when it is written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def ordinary(self, rows: int, seed: int = 1) -> Path:
        """A log of so many requests as Parquet."""
        return self._made(f"log-{rows}-{seed}.parquet", lambda path: write_log(path, rows, seed))

    def twice(self, rows: int) -> list[Path]:
        """Twice as many requests over the same range of accounts: the log and another one of the same size."""
        return [self.ordinary(rows), self.ordinary(rows, seed=2)]

    def one_group(self, rows: int) -> Path:
        """All requests in one giant row group."""
        source = self.ordinary(rows)
        return self._made(
            f"one-group-{rows}.parquet",
            lambda path: pq.write_table(pq.read_table(source), path, compression="zstd", row_group_size=rows),
        )

    def files(self, rows: int, count: int) -> Path:
        """A folder of so many small files."""
        source = self.ordinary(rows)

        def write(folder: Path) -> None:
            folder.mkdir(exist_ok=True)
            for number, batch in enumerate(pq.ParquetFile(source).iter_batches(-(-rows // count))):
                part = folder / f"part-{number:05}.parquet"
                pq.write_table(pa.Table.from_batches([batch]), part, compression="zstd")

        return self._made(f"files-{rows}-{count}", write)

    def long_prompts(self, rows: int) -> Path:
        """A log of so many requests whose prompts are ``LONG`` ordinary ones in a row."""
        source = self.ordinary(rows * LONG)

        def write(path: Path) -> None:
            writer: Any = None
            for batch in pq.ParquetFile(source).iter_batches(_ROWS_AT_ONCE):
                table = _joined(pl.DataFrame(pl.from_arrow(batch))).to_arrow()
                writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
                writer.write_table(table)
            writer.close()

        return self._made(f"long-{rows}.parquet", write)

    def csv(self, rows: int) -> Path:
        """The ordinary log as CSV."""
        source = self.ordinary(rows)
        return self._made(f"log-{rows}.csv", lambda path: pl.scan_parquet(source).sink_csv(path))

    def ndjson(self, rows: int) -> Path:
        """The ordinary log as NDJSON with the canonical names."""
        source = self.ordinary(rows)
        return self._made(f"log-{rows}.ndjson", lambda path: pl.scan_parquet(source).sink_ndjson(path))

    def recognised(self, rows: int, source: str) -> Path:
        """The ordinary log as one of the recognised ``SOURCES`` writes it, NDJSON with bodies."""
        ordinary = self.ordinary(rows)
        return self._made(f"{source.lower()}-{rows}.ndjson", lambda path: write_records(ordinary, source, path))

    def _made(self, name: str, write: Callable[[Path], object]) -> Path:
        path = self._folder / name
        if not path.exists():
            click.echo(f"making {name}", err=True)
            partial = path.with_suffix(".partial")
            write(partial)
            partial.rename(path)
        return path


def _joined(frame: pl.DataFrame) -> pl.DataFrame:
    """Every ``LONG`` rows as one, with all their prompts."""
    others = [pl.col(name).first() for name in frame.columns if name != "prompt"]
    grouped = frame.with_row_index("at").group_by(pl.col("at") // LONG, maintain_order=True)
    return grouped.agg(*others, pl.col("prompt").str.join("")).select(frame.columns)


def prompt_bytes(paths: list[Path]) -> int:
    """Return the bytes of all prompts of Parquet files, or of those in folders."""
    files = [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path])]
    return int(pl.scan_parquet(files).select(pl.col("prompt").str.len_bytes().cast(pl.UInt64).sum()).collect().item())
