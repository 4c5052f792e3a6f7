"""Requests on disk until their turn comes: put in block by block, taken out in order of time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

from distillscan.simulate.world import Ints

#: Pieces for each slice, so that slices are about equally large however traffic varies.
_PIECES: Final = 2
_COMPRESSED: Final = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", 3))


class Spool:
    """Keeps requests in a folder, in pieces by time.

    Args:
        folder: An empty folder.
        first: Time at which the log begins, in µs since the epoch, UTC.
        last: Time at which it ends.
        rows: How many requests there will be.
        slice_rows: How many are taken out at once, as long as no piece is larger.
    """

    def __init__(self, folder: Path, first: int, last: int, rows: int, slice_rows: int) -> None:
        self._folder = folder
        self._slice_rows = slice_rows
        count = _PIECES * -(-rows // slice_rows)
        self._edges: Ints = first + (last + 1 - first) * np.arange(1, count) // count
        self._sizes = np.zeros(count, np.int64)

    def put(self, requests: pl.DataFrame) -> None:
        """Add requests in canonical columns."""
        time = requests["timestamp"].dt.timestamp("us").to_numpy()
        order = np.argsort(time, kind="stable")
        bounds = np.concatenate([[0], np.searchsorted(time[order], self._edges), [time.size]])
        for piece in np.flatnonzero(np.diff(bounds)).tolist():
            # Piece by piece, since a text that many requests refer to is copied for each of them.
            table = to_arrow(requests[order[bounds[piece] : bounds[piece + 1]]])
            with (
                self._path(piece).open("ab") as file,
                pa.ipc.new_stream(file, table.schema, options=_COMPRESSED) as out,
            ):
                out.write_table(table)
        self._sizes += np.diff(bounds)

    def take(self) -> Iterator[pl.DataFrame]:
        """Take all requests out, slice by slice in order of time; within a slice they are as they were put in."""
        pieces: list[int] = []
        for piece in np.flatnonzero(self._sizes).tolist():
            if pieces and self._sizes[[*pieces, piece]].sum() > self._slice_rows:
                yield self._read(pieces)
                pieces = []
            pieces.append(piece)
        yield self._read(pieces)

    def _read(self, pieces: list[int]) -> pl.DataFrame:
        tables = []
        for path in map(self._path, pieces):
            size = path.stat().st_size
            with pa.OSFile(str(path)) as file:
                while file.tell() < size:
                    tables.append(pa.ipc.open_stream(file).read_all())
            path.unlink()
        frame = pl.from_arrow(pa.concat_tables(tables))
        assert isinstance(frame, pl.DataFrame)  # noqa: S101  a table gives a frame, the signature cannot say so
        return frame

    def _path(self, piece: int) -> Path:
        return self._folder / f"{piece}.arrows"


def to_arrow(requests: pl.DataFrame) -> pa.Table:
    """Return requests as an Arrow table that holds their texts and no others."""
    return requests.to_arrow(compat_level=pl.CompatLevel.oldest())
