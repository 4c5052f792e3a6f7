"""What was measured, part by part, and the file that keeps it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Final, Literal, TypeAlias

from benchmarks.speed.processes import Run

#: Who ran: the tool, an earlier version of it, the queries in DuckDB, the bare scan.
Who: TypeAlias = Literal["tool", "baseline", "duckdb", "scan"]
PARTS: Final = ("sizes", "threads", "shapes", "formats", "start", "first")
#: A part of the figures.
PartName: TypeAlias = Literal["sizes", "threads", "shapes", "formats", "start", "first"]


@dataclass(frozen=True, slots=True)
class Entry:
    """The runs on one log, or of one command, with the log's requests and the bytes of its prompts."""

    runs: Mapping[str, Sequence[Run]]
    rows: int = 0
    prompt_bytes: int = 0

    def median(self, figure: Literal["wall", "cpu", "peak"], who: Who = "tool") -> float:
        """The median of a figure over somebody's runs."""
        return float(median(getattr(run, figure) for run in self.runs[who]))

    def phases(self) -> dict[str, float]:
        """The median seconds of each phase of the tool."""
        runs = self.runs["tool"]
        return {name: float(median(run.phases[name] for run in runs)) for name in runs[0].phases}


Part: TypeAlias = dict[str, Entry]


@dataclass(slots=True)
class Figures:
    """All parts, each a table.

    Attributes:
        machine: With what the figures were measured.
        baseline: The version of the earlier tool.
        parts: The entries of each part by name.
    """

    machine: str = ""
    baseline: str = ""
    parts: dict[str, Part] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> "Figures":
        """Read a file that ``save`` wrote."""
        raw = json.loads(path.read_bytes())
        parts = {
            part: {
                name: Entry(
                    {who: [Run(**run) for run in runs] for who, runs in entry["runs"].items()},
                    entry["rows"],
                    entry["prompt_bytes"],
                )
                for name, entry in entries.items()
            }
            for part, entries in raw["parts"].items()
        }
        return cls(raw["machine"], raw["baseline"], parts)

    def save(self, path: Path) -> None:
        """Write all figures as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
