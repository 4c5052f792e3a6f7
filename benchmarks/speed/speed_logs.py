"""The logs that speed is measured on: made once by make_log.py, and in other shapes from these."""

import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import click
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

#: Prompts of make_log.py that make one long prompt: 16 of about 610 bytes are about 10 kB.
LONG: Final = 16
_ROWS_AT_ONCE: Final = 65_536


class Logs:
    """Logs in one folder, made when they are first asked for."""

    def __init__(self, folder: Path, bench: Path) -> None:
        self.folder = folder
        self.bench = bench
        folder.mkdir(parents=True, exist_ok=True)

    def ordinary(self, rows: int, seed: int = 1) -> Path:
        """The log of ``make_log.py ROWS``."""
        path = self.folder / (f"log-{rows}.parquet" if seed == 1 else f"log-{rows}-{seed}.parquet")
        if not path.exists():
            click.echo(f"making {path.name}", err=True)
            partial = path.with_suffix(".partial")
            command = [sys.executable, str(self.bench / "make_log.py"), str(rows), str(partial), str(seed)]
            subprocess.run(command, check=True)
            partial.rename(path)
        return path

    def twice(self, rows: int) -> list[Path]:
        """Twice as many rows over the same accounts: the log and another one of the same size."""
        return [self.ordinary(rows), self.ordinary(rows, seed=2)]

    def one_group(self, rows: int) -> Path:
        """All rows in one giant row group."""
        return self._write(f"one-group-{rows}.parquet", rows, whole=True)

    def files(self, rows: int, count: int) -> Path:
        """A folder of so many small files."""
        folder = self.folder / f"files-{rows}-{count}"
        if not folder.exists():
            partial = folder.with_suffix(".partial")
            partial.mkdir(exist_ok=True)
            source = pq.ParquetFile(self.ordinary(rows))
            for at, batch in enumerate(source.iter_batches(-(-rows // count))):
                pq.write_table(pa.Table.from_batches([batch]), partial / f"part-{at:05}.parquet", compression="zstd")
            partial.rename(folder)
        return folder

    def long_prompts(self, rows: int) -> Path:
        """A log of so many rows whose prompts are ``LONG`` ordinary ones in a row."""
        path = self.folder / f"long-{rows}.parquet"
        if not path.exists():
            source = pq.ParquetFile(self.ordinary(rows * LONG))
            with path.with_suffix(".partial").open("wb") as sink:
                writer: Any = None
                for batch in source.iter_batches(_ROWS_AT_ONCE):
                    table = _joined(pl.DataFrame(pl.from_arrow(batch))).to_arrow()
                    writer = writer or pq.ParquetWriter(sink, table.schema, compression="zstd")
                    writer.write_table(table)
                writer.close()
            path.with_suffix(".partial").rename(path)
        return path

    def text(self, rows: int, suffix: str) -> Path:
        """The ordinary log as ``csv`` or ``ndjson``."""
        path = self.folder / f"log-{rows}.{suffix}"
        if not path.exists():
            frame = pl.scan_parquet(self.ordinary(rows))
            (frame.sink_csv if suffix == "csv" else frame.sink_ndjson)(path.with_suffix(".partial"))
            path.with_suffix(".partial").rename(path)
        return path

    def _write(self, name: str, rows: int, *, whole: bool) -> Path:
        path = self.folder / name
        if not path.exists():
            table = pq.read_table(self.ordinary(rows))
            size = rows if whole else None
            pq.write_table(table, path.with_suffix(".partial"), compression="zstd", row_group_size=size)
            path.with_suffix(".partial").rename(path)
        return path


def _joined(frame: pl.DataFrame) -> pl.DataFrame:
    """Every ``LONG`` rows as one, with all their prompts."""
    others = [pl.col(name).first() for name in frame.columns if name != "prompt"]
    grouped = frame.with_row_index("at").group_by(pl.col("at") // LONG, maintain_order=True)
    return grouped.agg(*others, pl.col("prompt").str.join("")).select(frame.columns)


def prompt_bytes(paths: list[Path]) -> int:
    """Return the bytes of all prompts."""
    return int(pl.scan_parquet(paths).select(pl.col("prompt").str.len_bytes().cast(pl.UInt64).sum()).collect().item())
