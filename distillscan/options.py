"""The options of a run: those that decide the report and are recorded in it, and those that only say how to work."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

if TYPE_CHECKING:  # the command line checks its options before it loads polars
    from distillscan.population.accounts import Release
    from distillscan.privacy.pseudonyms import Pseudonyms


@dataclass(frozen=True, slots=True)
class AnalyzeOptions:
    """Options that decide what is found and shown; the report records them, so that the run can be repeated.

    Attributes:
        mapping: Canonical column to the source column or path that holds it.
        input_format: Format of the input files; recognised per file if None.
        columns: Names of the columns of CSV files without a header, in their order.
        schema: Name or path of a log schema; recognised per file if None.
        joins: Logs whose columns are added request by request.
        null_values: What means that there is no value, in any column, beside ``NULL`` and the like.
        date_order: Whether dates such as 7/1/2026 are ``day-first`` or ``month-first``; told by all of them if None.
        releases: Model releases, or the file that lists them; found in the log if None.
        detectors: Names of the detectors to run; all if empty.
        without: Names of detectors to leave out.
        settings: ``group.name`` of parameters to the values they are set to, as text.
        pseudonyms: The key under which identities are shown as pseudonyms; shown as they are if None.
        prompts: Whether words of prompts may be shown.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    input_format: str | None = None
    columns: tuple[str, ...] = ()
    schema: str | None = None
    joins: tuple[str, ...] = ()
    null_values: tuple[str, ...] = ()
    date_order: Literal["day-first", "month-first"] | None = None
    releases: "Path | tuple[Release, ...] | None" = None
    detectors: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    pseudonyms: "Pseudonyms | None" = None
    prompts: bool = True

    @property
    def private(self) -> bool:
        """Whether the log holds text that must not leave the tool as it is."""
        return self.pseudonyms is not None or not self.prompts


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Options of one run that do not change the report and are not recorded in it.

    Attributes:
        threads: How many batches are profiled at once; one for each core if None.
        memory_limit: Bytes of memory the process may take; no limit if None.
        strict: Whether to stop if any input cannot be read completely, rather than leave it out and report it.
        rejects: File to write the rejected rows to.
        max_rejected: Share of unusable rows (0 to 1) above which the run stops; rows that a schema leaves out on
            purpose do not count.
        stdin: What ``-`` among the paths reads.
    """

    threads: int | None = None
    memory_limit: int | None = None
    strict: bool = False
    rejects: Path | None = None
    max_rejected: float = 0.5
    stdin: BinaryIO | None = None
