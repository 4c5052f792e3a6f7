"""Write a simulated log and its labels."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import chain
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow.parquet as pq

from distillscan.errors import UsageError
from distillscan.simulate.simulation import SimulatedLog, Simulation
from distillscan.simulate.spool import to_arrow

_ROW_GROUP: Final = 125_000
#: How hard zstd tries: on a log of several slices it would take longer than everything else.
_LEVEL: Final = 9
_LEVEL_OF_MANY: Final = 3

Slices = Iterator[pl.DataFrame]


def write(simulated: SimulatedLog | Simulation, out: Path) -> Path:
    """Write the log as Parquet or CSV (by the extension of ``out``) and its labels beside it; return where they are.

    Parquet is compressed with zstd in row groups of 125,000 (of a log that is made slice by slice, each slice is one).
    Labels go to ``<stem>.labels.csv``. Files appear under their names only when they are complete; until then a log of
    several slices takes as much room again beside ``out``.

    Raises:
        UsageError: The extension is neither ``.parquet`` nor ``.csv``, or the folder cannot be written to.
    """
    savers: dict[str, Callable[[Slices, Path], None]] = {".parquet": _save_parquet, ".csv": _save_csv}
    if out.suffix not in savers:
        message = f"Cannot write {out}: the extension {out.suffix!r} is unknown; use .parquet or .csv."
        raise UsageError(message)

    def save(path: Path) -> None:
        with _slices(simulated, path.parent) as slices:
            savers[out.suffix](slices, path)

    _complete(out, save)
    labels = out.with_name(f"{out.stem}.labels.csv")
    _complete(labels, lambda path: simulated.labels.write_csv(path))
    return labels


def _slices(simulated: SimulatedLog | Simulation, folder: Path) -> AbstractContextManager[Slices]:
    return nullcontext(iter([simulated.log])) if isinstance(simulated, SimulatedLog) else simulated.slices(folder)


def _save_parquet(slices: Slices, path: Path) -> None:
    first, second = next(slices), next(slices, None)
    if second is None:
        first.write_parquet(path, compression_level=_LEVEL, row_group_size=_ROW_GROUP)
        return
    schema = to_arrow(first.clear()).schema
    with pq.ParquetWriter(path, schema, compression="zstd", compression_level=_LEVEL_OF_MANY) as writer:
        for part in chain([first, second], slices):
            writer.write_table(to_arrow(part))


def _save_csv(slices: Slices, path: Path) -> None:
    with path.open("wb") as file:
        for at, part in enumerate(slices):
            part.write_csv(file, include_header=at == 0)


def _complete(path: Path, save: Callable[[Path], object]) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        save(part)
        part.replace(path)
    except OSError as error:
        message = f"Cannot write {path}: {error.strerror or error}. Give a path in a folder that is there and writable."
        raise UsageError(message) from error
    finally:
        part.unlink(missing_ok=True)
