"""What an innocent explanation is: it names the claims it explains, and tests whether it holds for a candidate."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from distillscan.detect.base import Candidate, Finding
from distillscan.detect.claims import Claim, Facts
from distillscan.result import FAMILIES, Family, Verdict, Weight
from distillscan.score.combine import SumParameters
from distillscan.settings import threshold

F = TypeVar("F", bound=Facts)


@dataclass(frozen=True)
class ExplanationParameters(SumParameters):
    """Shares that several explanations go by."""

    declared_share: float = threshold(0.8, "share", "of members in an organisation or domain that declares them")
    site_share: float = threshold(0.6, "share", "of members on one network from which a site explains them")


@dataclass(frozen=True, slots=True)
class View:
    """What an explanation may look at beside the findings it is given.

    Attributes:
        candidate: The accounts.
        findings: All findings, of third parties as well; their bits are needed to know what a cap has cut off.
        families: How many families count.
    """

    candidate: Candidate
    findings: tuple[Finding, ...]
    families: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of testing an explanation.

    Attributes:
        verdict: Whether it holds.
        reason: Why, in words.
        weight: The line it adds to the sum, if it takes anything off.
        takes_off: The findings that this line takes off, if it is not the whole cluster that is explained.
        idles: Families that do not count towards those that high severity needs.
    """

    verdict: Verdict
    reason: str
    weight: Weight | None = None
    takes_off: tuple[Finding, ...] = ()
    idles: frozenset[Family] = frozenset()


class InnocentExplanation(ABC):
    """A reason, other than one undeclared operator, for what accounts have in common.

    Attributes:
        text: What it is called in the report.
        explains: The claims that it accounts for if it holds.
        refuted_by: The claims that speak against it.
    """

    text: str
    explains: frozenset[Claim]
    refuted_by: frozenset[Claim] = frozenset()

    @abstractmethod
    def test(self, view: View, findings: Sequence[Finding], p: Any) -> Outcome | None:
        """Return what came of testing it, None if there is nothing it could explain.

        Args:
            view: The candidate and all findings.
            findings: Those whose claims it explains or is refuted by: its verdict rests on no others.
            p: The parameters of scoring.
        """


def claiming(findings: Iterable[Finding], *claims: Claim) -> list[Finding]:
    """Return the findings that make one of the claims, for coordination."""
    return [finding for finding in findings if finding.claim in claims and finding.axis == "coordination"]


def first_facts(findings: Iterable[Finding], kind: type[F]) -> F | None:
    """Return the first facts of a kind among the findings, None if there are none."""
    return next((finding.facts for finding in findings if isinstance(finding.facts, kind)), None)


def reduction(findings: Sequence[Finding], explained: Sequence[Finding], p: SumParameters) -> float:
    """Return what findings that are explained add to the sum, negative: taken out before families are capped."""
    total = 0.0
    for family in FAMILIES:
        every = sum(f.bits for f in findings if f.axis == "coordination" and f.family == family)
        part = sum(f.bits for f in explained if f.axis == "coordination" and f.family == family)
        cap = p.cap("coordination", family)
        total += min(cap, every - part) - min(cap, every)
    return total


@dataclass(frozen=True, slots=True)
class Common:
    """The value of one kind that most members state, and the share of all members that do."""

    value: str
    share: float
    stated: float
    entity: int = field(default=0, compare=False)


def commonest(candidate: Candidate, kind: str) -> Common | None:
    """Return what most members have in common of one kind, None if no member states it."""
    population, members = candidate.population, candidate.members
    main = population.dominant(kind)[members]
    values, counts = np.unique(main[main != 0], return_counts=True)
    if values.size == 0:
        return None
    best = int(np.argmax(counts))
    entity = int(values[best])
    name = population.values(kind, [entity])[0]
    return Common(name, float(counts[best]) / members.size, float(counts.sum()) / members.size, entity)
