"""A table in a folder, and what its latest version refers to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl


@dataclass(frozen=True, slots=True)
class Table:
    """A folder of data files with metadata that says which of them count.

    Attributes:
        prefix: What the names of all its files begin with: the folder and a slash, or nothing.
        metadata: Files in its folder of metadata.
        files: The others.
        local: Where the bytes of a file are, by its name.
    """

    prefix: str
    metadata: Sequence[str]
    files: Sequence[str]
    local: Callable[[str], Path]

    @property
    def name(self) -> str:
        """The folder."""
        return self.prefix.rstrip("/") or "."


@dataclass(frozen=True, slots=True)
class Version:
    """What the latest version of a table refers to.

    Attributes:
        files: Data files.
        outdated: What to say of data files that are not among them.
        deleted: By file, the numbers of the rows that are marked as deleted, sorted.
        remarks: What else to say of it.
    """

    files: frozenset[str]
    outdated: str
    deleted: Mapping[str, pl.Series] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
