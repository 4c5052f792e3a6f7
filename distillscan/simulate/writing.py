"""Write a simulated log and its labels."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from distillscan.errors import UsageError
from distillscan.simulate.simulation import SimulatedLog

_ROW_GROUP: Final = 125_000


def write(simulated: SimulatedLog, out: Path) -> Path:
    """Write the log as Parquet or CSV (by the extension of ``out``) and its labels beside it; return where they are.

    Parquet is compressed with zstd in row groups of 125,000. Labels go to ``<stem>.labels.csv``. Files appear under
    their names only when they are complete.

    Raises:
        UsageError: The extension is neither ``.parquet`` nor ``.csv``, or the folder cannot be written to.
    """
    log, labels = simulated.log, out.with_name(f"{out.stem}.labels.csv")
    match out.suffix:
        case ".parquet":
            _complete(out, lambda path: log.write_parquet(path, compression_level=9, row_group_size=_ROW_GROUP))
        case ".csv":
            _complete(out, log.write_csv)
        case suffix:
            message = f"Cannot write {out}: the extension {suffix!r} is unknown; use .parquet or .csv."
            raise UsageError(message)
    _complete(labels, simulated.labels.write_csv)
    return labels


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
