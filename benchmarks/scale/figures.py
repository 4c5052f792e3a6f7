"""What was measured on each log, and the file that keeps it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Final, Literal, TypeAlias

from benchmarks.speed.processes import Run

#: The phases whose work depends on the accounts of a log and not on its requests.
BACK_HALF: Final = ("detect", "cluster", "score")
PROFILE: Final = "read and profile"
#: Who ran: the tool, the queries in DuckDB, the bare scan.
Who: TypeAlias = Literal["tool", "duckdb", "scan"]


@dataclass(frozen=True, slots=True)
class Measured:
    """The runs on one log.

    Attributes:
        family: The scenario of the log.
        rows: Its requests.
        accounts: Its accounts.
        runs: Runs of each program.
        precision: Share of accounts at severity high or above that belong to the campaign of their cluster.
        recall: Share of accounts of campaigns that are found at severity high or above.
        commit: Of the tool.
    """

    family: str
    rows: int
    accounts: int
    runs: Mapping[str, Sequence[Run]]
    precision: float | None
    recall: float | None
    commit: str

    def median(self, figure: Literal["wall", "cpu", "peak"], who: Who = "tool") -> float:
        """The median of a figure over somebody's runs."""
        return float(median(getattr(run, figure) for run in self.runs[who]))

    @property
    def counts_cpu(self) -> bool:
        """Whether the tool said the processor seconds of each phase; else its seconds on the clock are taken."""
        return all(run.phase_cpu for run in self.runs["tool"])

    def phase(self, *names: str) -> float:
        """The median of the seconds of these phases together."""
        return float(
            median(
                sum((run.phase_cpu if self.counts_cpu else run.phases)[name] for name in names)
                for run in self.runs["tool"]
            )
        )


@dataclass(slots=True)
class Figures:
    """All logs by name, and with what they were measured."""

    machine: str = ""
    logs: dict[str, Measured] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> "Figures":
        """Read a file that ``save`` wrote."""
        raw = json.loads(path.read_bytes())
        logs = {
            name: Measured(**log | {"runs": {who: [Run(**run) for run in runs] for who, runs in log["runs"].items()}})
            for name, log in raw["logs"].items()
        }
        return cls(raw["machine"], logs)

    def save(self, path: Path) -> None:
        """Write all figures as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    def families(self) -> dict[str, list[Measured]]:
        """The logs of each scenario, the smallest first."""
        found: dict[str, list[Measured]] = {}
        for log in sorted(self.logs.values(), key=lambda log: log.accounts):
            found.setdefault(log.family, []).append(log)
        return found


def growth(sizes: Sequence[float], seconds: Sequence[float]) -> float | None:
    """Return the exponent with which seconds grow: the slope of the least-squares line through the logarithms.

    None of fewer than three points, through which any line would do.
    """
    if len(sizes) < 3:
        return None
    from numpy import log, polyfit

    return float(polyfit(log(sizes), log(seconds), 1)[0])
