"""What an innocent explanation is: it names the claims it explains, and tests whether it holds for a candidate."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

import numpy as np

from distillscan.detect.base import Candidate, Finding
from distillscan.detect.claims import Claim, Facts
from distillscan.result import FAMILIES, Family, Verdict, Weight
from distillscan.score.combine import SumParameters
from distillscan.settings import threshold

F = TypeVar("F", bound=Facts)

#: Share of members on one network, card or domain from which a site, or a holder who says who it is, explains them.
SITE_SHARE: Final = 0.6


@dataclass(frozen=True)
class ExplanationParameters(SumParameters):
    """How far innocent explanations reach, and what they take off."""

    declared_share: float = threshold(0.8, "share", "of members in an organisation or domain that declares them")
    declared_bits: float = threshold(-20.0, "bits", "of an openly declared customer: the sharing is explained")
    company_share: float = threshold(0.5, "share", "of a domain's users who are members if it is a company's")
    own_domains: int = threshold(2, "domains", "at most with which one card's holder says who it is")


@dataclass(frozen=True, slots=True)
class View:
    """What an explanation may look at.

    Attributes:
        candidate: The accounts.
        findings: Those whose claims the explanation explains or is refuted by: its verdict rests on no others.
        every: All findings, of third parties as well: without their bits nobody knows what a cap has cut off.
        families: How many families count.
        p: The parameters of scoring.
    """

    candidate: Candidate
    findings: tuple[Finding, ...]
    every: tuple[Finding, ...]
    families: int
    p: ExplanationParameters

    def claiming(self, *claims: Claim) -> list[Finding]:
        """Return the findings that make one of the claims, for coordination."""
        return [finding for finding in self.findings if finding.claim in claims and finding.axis == "coordination"]

    def first_facts(self, kind: type[F]) -> F | None:
        """Return the first facts of a kind among the findings, None if there are none."""
        return next((finding.facts for finding in self.findings if isinstance(finding.facts, kind)), None)

    def without(self, taken_off: Collection[Finding]) -> "View":
        """Return the view of what is left when something else has taken off some findings."""
        findings, every = (tuple(f for f in some if f not in taken_off) for some in (self.findings, self.every))
        return replace(self, findings=findings, every=every)

    def reduction(self, explained: Iterable[Finding]) -> float:
        """Return what findings that are explained add to the sum, 0 at most: taken out before families are capped."""
        every, part = _bits_by_family(self.every), _bits_by_family(explained)
        caps = {family: self.p.cap("coordination", family) for family in FAMILIES}
        bits = round(sum(min(cap, every[f] - part[f]) - min(cap, every[f]) for f, cap in caps.items()), 2)
        return bits if bits <= 0 else 0.0


def _bits_by_family(findings: Iterable[Finding]) -> dict[Family, float]:
    bits = dict.fromkeys(FAMILIES, 0.0)
    for finding in findings:
        bits[finding.family] += finding.bits if finding.axis == "coordination" else 0.0
    return bits


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of testing an explanation.

    Attributes:
        verdict: Whether it holds.
        reason: Why, in words.
        weight: The line it adds to the sum, if it takes anything off: of 0 bits at most.
        takes_off: The findings that this line takes off, if it is not the whole cluster that is explained.
        idles: Families that do not count towards those that high severity needs.
    """

    verdict: Verdict
    reason: str
    weight: Weight | None = None
    takes_off: tuple[Finding, ...] = ()
    idles: frozenset[Family] = frozenset()

    def __post_init__(self) -> None:
        if self.weight is not None and self.weight.bits > 0:
            raise ValueError(f"an explanation only takes off, but {self.weight.label!r} adds {self.weight.bits} bits")


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
    def test(self, view: View) -> Outcome | None:
        """Return what came of testing it, None if there is nothing it could explain."""


@dataclass(frozen=True, slots=True)
class Common:
    """The value of one kind that most members state, with the shares of members that state it, and anything at all."""

    value: str
    share: float
    stated: float
    entity: int = field(default=0, compare=False)


def commonest(candidate: Candidate, kind: str) -> Common | None:
    """Return what most members have in common of one kind, None if no member states it."""
    main = candidate.population.dominant(kind)[candidate.members]
    values, counts = np.unique(main[main != 0], return_counts=True)
    if values.size == 0:
        return None
    best = int(np.argmax(counts))
    entity = int(values[best])
    name = candidate.population.values(kind, [entity])[0]
    return Common(name, float(counts[best]) / main.size, float(counts.sum()) / main.size, entity)
