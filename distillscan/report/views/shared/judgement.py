"""How clusters are judged: the two questions, what answers each, innocent explanations, and what no cluster means."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from distillscan.result import SEVERITIES, Axis, Cluster, Evidence, Explanation, Result, Severity, Verdict, Weight
from distillscan.wording import counted, number, percent

QUESTIONS: Final[Mapping[Axis, str]] = {
    "coordination": "One undeclared operator",
    "extraction": "Harvesting the model",
}
#: The order in which innocent explanations are listed: what must not be overlooked first.
VERDICTS: Final[tuple[Verdict, ...]] = ("holds", "not tested", "fails")


@dataclass(frozen=True, slots=True)
class Judgement:
    """One question about a cluster: the published probability of a yes, and the evidence, strongest first."""

    question: str
    probability: float
    weights: tuple[Weight, ...]
    evidence: tuple[Evidence, ...]

    @property
    def bits(self) -> float:
        """The sum of the weights."""
        return sum(weight.bits for weight in self.weights)


def judgements(cluster: Cluster) -> tuple[Judgement, ...]:
    """Return the two questions about a cluster with their answers."""
    answers: Mapping[Axis, float] = {"coordination": cluster.coordination, "extraction": cluster.extraction}
    strongest_first = sorted(cluster.evidence, key=lambda e: -abs(e.bits))
    return tuple(
        Judgement(
            question,
            answers[axis],
            tuple(weight for weight in cluster.weights if weight.axis == axis),
            tuple(e for e in strongest_first if e.axis == axis),
        )
        for axis, question in QUESTIONS.items()
    )


def explanations(cluster: Cluster) -> list[Explanation]:
    """Return the innocent explanations that were tested, those first that hold."""
    return sorted(cluster.benign_explanations, key=lambda one: VERDICTS.index(one.verdict))


def cluster_counts(result: Result) -> str:
    """Return how many clusters there are, and of each severity: ``3 clusters: 1 high, 2 low``."""
    found = severities(result)
    counts = ", ".join(f"{number(n)} {severity}" for severity, n in found.items())
    return f"{counted(sum(found.values()), 'cluster')}: {counts}" if found else "no cluster"


def severities(result: Result) -> dict[Severity, int]:
    """Return how many clusters of each severity there are, listed or not, worst first, without the zeros."""
    found = Counter(cluster.severity for cluster in result.clusters) + Counter(result.filters.hidden)
    return {severity: found[severity] for severity in SEVERITIES if found[severity]}


def rows_not_used(result: Result) -> str:
    """Return how many rows were not used, and their share of all; empty if all were."""
    rows = result.rejected.rows
    return f"{counted(rows, 'row')} not used ({percent(rows / (rows + result.population.requests))})" if rows else ""


def nothing_looked_at(result: Result) -> str:
    """Return why the report says nothing about the accounts of the log, for its first line; empty if it does."""
    if result.population.requests and any(run.status == "ok" for run in result.detectors):
        return ""
    why = "No detector could run" if result.population.requests else "The log holds no request"
    return f"{why}: nothing was looked at, and this report says nothing about any account."


def nothing_found(result: Result) -> str:
    """Return what it means that a report lists no cluster, as far as the detectors could tell."""
    ran = sum(run.status == "ok" for run in result.detectors)
    told = f", as far as {ran} of {counted(len(result.detectors), 'detector')} could tell"
    return (
        "No set of accounts in this log looks like one undeclared operator"
        f"{told if ran < len(result.detectors) else ''}. What was checked and what could not be is below."
    )
