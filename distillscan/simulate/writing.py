"""Write a simulated log and its labels."""

from pathlib import Path
from typing import Final

from distillscan.errors import UsageError
from distillscan.simulate.simulation import SimulatedLog

_ROW_GROUP: Final = 125_000


def write(simulated: SimulatedLog, out: Path) -> Path:
    """Write the log as Parquet or CSV (by the extension of ``out``) and its labels beside it; return where they are.

    Parquet is compressed with zstd in row groups of 125,000. Labels go to ``<stem>.labels.csv``.

    Raises:
        UsageError: the extension is neither ``.parquet`` nor ``.csv``.
    """
    match out.suffix:
        case ".parquet":
            simulated.log.write_parquet(out, compression="zstd", compression_level=9, row_group_size=_ROW_GROUP)
        case ".csv":
            simulated.log.write_csv(out)
        case suffix:
            message = f"Cannot write {out}: the extension {suffix!r} is unknown; use .parquet or .csv."
            raise UsageError(message)
    labels = out.with_name(f"{out.stem}.labels.csv")
    simulated.labels.write_csv(labels)
    return labels
