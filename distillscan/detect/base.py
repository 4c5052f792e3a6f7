"""What a detector is: it names the tokens accounts carry, and weighs what a candidate's accounts have in common."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Final, get_args

import numpy as np
import polars as pl

from distillscan.detect.claims import FACTS, Claim, Facts
from distillscan.population.accounts import Floats, Hashes, Ints, Mask, Population
from distillscan.population.graph import SIGNALS, Marks, SignalGraph
from distillscan.population.kinds import Kind
from distillscan.population.stats import group_bits, share_bits, smoothed_rate
from distillscan.result import FAMILIES, Axis, Evidence, Family
from distillscan.wording import counted

ENOUGH_PEERS: Final = 30  #: accounts like the members that it takes to compare with these alone
_MAIN_CLIENT: Final = 0.5  #: share of members that must mainly use one client to compare with its other users


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many members show a trait, against how usual it is among others.

    Attributes:
        shown: Members with the trait, of those for which it is observable.
        observable: Members for which it is observable.
        members: All members.
        base_rate: Share (0 to 1, smoothed) of the others with the trait.
        others: How many others there are to compare with.
        others_name: What they are called.
    """

    shown: int
    observable: int
    members: int
    base_rate: float
    others: int
    others_name: str = "other accounts"

    def __str__(self) -> str:
        """Return the members in words: ``9 of 10 members``."""
        return f"{self.shown} of {self.observable} members"

    @property
    def usual(self) -> str:
        """The others in words: ``3 % of other accounts``."""
        return f"{percent(self.base_rate)} of {self.others_name}"

    def details(
        self, shown: str = "members", observable: str = "members_stating", base_rate: str = "rate_outside"
    ) -> dict[str, Any]:
        """Return the numbers for the details of a finding, under these names."""
        return {shown: self.shown, observable: self.observable, base_rate: self.base_rate}

    def share_bits(self, cap: float) -> float:
        """Return the bits of so many members showing it, up to ``cap``."""
        return share_bits(self.shown, self.observable, self.base_rate, cap)

    def group_bits(self, cap: float, base_rate_limit: float = 1.0) -> float:
        """Return the bits for all members being one group, up to ``cap``; the base rate counts up to a limit."""
        return group_bits(self.shown, self.observable, self.members, min(base_rate_limit, self.base_rate), cap)


@dataclass(frozen=True, eq=False)
class Candidate:
    """A set of accounts that may be one operator's.

    Attributes:
        members: Their numbers in the population, ascending.
        graph: Who carries which token.
        bits: Log2 odds of each member's belonging, as clustering found them; empty where nobody asked.
    """

    members: Ints
    graph: SignalGraph
    bits: Floats = field(default_factory=lambda: np.zeros(0))

    @cached_property
    def marks(self) -> Mapping[str, Marks]:
        """The tokens that mark the members, by kind (see ``SignalGraph.marks``)."""
        return self.graph.marks(self.members)

    @property
    def strength(self) -> float:
        """Total evidence for the set, in bits."""
        return float(self.bits.sum())

    @property
    def population(self) -> Population:
        """All accounts of the log."""
        return self.graph.population

    @property
    def mask(self) -> Mask:
        """True for members."""
        return self.population.mask(self.members)

    def characteristic(self, kind: str) -> Ints:
        """Return the columns of the tokens of this kind that mark the members (see ``SignalGraph.marks``)."""
        marks = self.marks.get(kind)
        return np.zeros(0, np.int64) if marks is None else marks.tokens

    def sharing(self, kind: str, observable: Mask, *, with_anyone: bool = False) -> tuple[Ints, Comparison] | None:
        """Compare who carries the characteristic tokens of a kind: their columns and the comparison, None without any.

        ``with_anyone`` counts non-members who share any such token with anybody: what sharing is worth depends on how
        usual it is to share at all.
        """
        columns = self.characteristic(kind)
        if columns.size == 0:
            return None
        elsewhere = self.graph.carries_any(kind) if with_anyone else None
        return columns, self.compare(self.graph.habitual_carriers(kind, columns), observable, elsewhere=elsewhere)

    def compare(
        self,
        has_trait: Mask,
        observable: Mask,
        *,
        elsewhere: Mask | None = None,
        peers: tuple[Mask, str] | None = None,
    ) -> Comparison:
        """Count members with the trait, members for which it is observable, and the base rate among non-members.

        Args:
            has_trait: Accounts with the trait.
            observable: Accounts for which it can be told.
            elsewhere: What counts as the trait among non-members, if not the same: sharing an address with anyone, say.
            peers: The non-members to compare with and their name (see ``peers``), if not all others.
        """
        among, name = ((observable,), "other accounts") if peers is None else ((peers[0],), peers[1])
        return self.compare_among(has_trait, observable, among, name, elsewhere=elsewhere)

    def compare_with_peers(self, has_trait: Mask, observable: Mask) -> Comparison:
        """Compare with the non-members that ``peers`` returns; masks that are shared are counted only once for all."""
        return self.compare_among(has_trait, observable, *self._peers(observable))

    def compare_among(
        self, has_trait: Mask, observable: Mask, among: tuple[Mask, ...], name: str, *, elsewhere: Mask | None = None
    ) -> Comparison:
        """Compare with the non-members for which all masks of ``among`` hold, called ``name`` (see ``compare``)."""
        known, others = observable[self.members], self.count_others(*among)
        shown = self.count_others(has_trait if elsewhere is None else elsewhere, *among)
        return Comparison(
            shown=int(np.count_nonzero(has_trait[self.members] & known)),
            observable=int(np.count_nonzero(known)),
            members=self.members.size,
            base_rate=float(smoothed_rate(shown, others)),
            others=others,
            others_name=name,
        )

    def count_others(self, *masks: Mask) -> int:
        """Count the non-members for which all masks hold: everybody, less the members."""
        inside = np.logical_and.reduce([mask[self.members] for mask in masks])
        return self.population.count(*masks) - int(np.count_nonzero(inside))

    def peers(self, observable: Mask) -> tuple[Mask, str]:
        """Return the non-members to compare with, and what they are called.

        These are the other users of the client that most members mainly use, if there are thirty or more for which the
        trait is ``observable``; else all others for which it is.
        """
        among, name = self._peers(observable)
        return np.logical_and.reduce(among) & ~self.mask, name

    def _peers(self, observable: Mask) -> tuple[tuple[Mask, ...], str]:
        """The masks that single out the peers, members among them."""
        client, users = self._main_client
        common = (
            users >= _MAIN_CLIENT * self.members.size
            and self.population.count_main_users("client", client) >= ENOUGH_PEERS
        )
        if client and common:
            same = (observable, self.population.main_users("client", client))
            if self.count_others(*same) >= ENOUGH_PEERS:
                return same, "other users of the same client"
        return (observable,), "all other accounts"

    @cached_property
    def _main_client(self) -> tuple[int, int]:
        return commonest(self.population.client[self.members])


@dataclass(frozen=True, slots=True)
class Finding:
    """What a detector says of a candidate, before rounding.

    Attributes:
        claim: What it says, for explanations to go by.
        family: The evidence family it belongs to.
        axis: Whether it speaks of coordination or of extraction.
        bits: Log2 likelihood ratio; negative if it speaks against.
        summary: The statement in words, with its numbers.
        details: The numbers behind it, for display only.
        facts: The facts of the claim, if it has any (``claims.FACTS``).
        specific: False for signs of harvesting that spam, resale and the like show just as well.

    Raises:
        TypeError: The facts are not those of the claim.
        ValueError: There is no such family or axis.
    """

    claim: Claim
    family: Family
    axis: Axis
    bits: float
    summary: str
    details: Mapping[str, Any] = field(default_factory=dict)
    facts: Facts | None = None
    specific: bool = True

    def __post_init__(self) -> None:
        if self.family not in FAMILIES or self.axis not in get_args(Axis):
            raise ValueError(f"a finding cannot be of the family {self.family!r} on the axis {self.axis!r}")
        expected = FACTS.get(self.claim, type(None))
        if not isinstance(self.facts, expected):
            raise TypeError(
                f"a finding that claims {self.claim.name} has facts of type {expected.__name__}, "
                f"not {type(self.facts).__name__}"
            )


class Detector(ABC):
    """A module that turns the profile into evidence: plain attributes and two pure functions.

    Attributes:
        name: Its name on the command line and in the report.
        version: Raised whenever its answer may change.
        summary: One sentence for the analyst.
        family: The evidence family it mainly speaks for.
        needs: Canonical columns it needs; alternatives are joined by ``|``.
        kinds: The kinds of the tokens it makes.
        parameters: A frozen dataclass whose fields are ``settings.threshold``.
    """

    name: str
    version: str
    summary: str
    family: Family
    needs: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    parameters: Any

    def signals(self, population: Population, parameters: Any) -> pl.DataFrame:  # noqa: ARG002
        """Return the tokens accounts carry (``SIGNALS``), of the kinds it declares; none unless overridden."""
        return SIGNALS.to_frame()

    @abstractmethod
    def assess(self, candidate: Candidate, parameters: Any) -> list[Finding]:
        """Return the evidence for or against a candidate being one operator, or harvesting."""


def evidence(detector: str, finding: Finding) -> Evidence:
    """Return a finding as it stands in the report: attributed, and its details rounded to what is meaningful."""
    details = rounded(finding.details if finding.specific else {"specific": False, **finding.details})
    return Evidence(detector, finding.family, finding.axis, round(finding.bits, 2), finding.summary, details)


def present(*findings: Finding | None) -> list[Finding]:
    """Return the findings that there are."""
    return [finding for finding in findings if finding is not None]


def supporting(finding: Finding) -> Finding | None:
    """Return a finding that speaks for its axis, None if it weighs nothing or speaks against it."""
    return finding if finding.bits > 0 else None


def strongest(*findings: Finding | None) -> Finding | None:
    """Return the finding with most bits, the first of equals; None if there is none."""
    return max(present(*findings), key=lambda finding: finding.bits, default=None)


def commonest(hashes: Hashes) -> tuple[int, int]:
    """Return the value that occurs most often (ties: the smallest), and how often; (0, 0) if there is no value."""
    values, counts = np.unique(hashes, return_counts=True)
    return (int(values[np.argmax(counts)]), int(counts.max())) if values.size else (0, 0)


def rounded(value: Any) -> Any:
    """Return a value with every float cut to four decimals, numpy scalars turned to Python's."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, Mapping):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return value


def percent(share: float) -> str:
    """Return a share as people read it: ``97 %``, with decimals below one per cent and where it would round to all."""
    if 0.995 <= share < 1:
        return f"{math.floor(share * 1000) / 10:.1f} %"
    if share >= 0.01 or share == 0:
        return f"{share * 100:.0f} %"
    return f"{Decimal(f'{share * 100:.2g}'):f} %"


def plural(number: int, thing: str) -> str:
    """Return a number with what it counts: ``1 burst``, ``3 bursts``."""
    return counted(number, thing, f"{thing}es" if thing.endswith("s") else None)
