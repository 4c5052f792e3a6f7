"""Accounts that come mainly from a network operator (ASN) few others use: proxies bought from one small network."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from distillscan.plugin import (
    EGRESS,
    SIGNALS,
    Candidate,
    Claim,
    Detector,
    Finding,
    Kind,
    Population,
    plural,
    threshold,
)


@dataclass(frozen=True)
class NetworkOperatorsParameters:
    """Parameters of ``network_operators``."""

    rare_share: float = threshold(0.05, "share", "of all accounts on an operator up to which it is rare")
    cap: float = threshold(8.0, "bits", "at most: customers of a small provider share its network as well")


class NetworkOperatorsDetector(Detector):
    """A pool of proxies has an address for every account, but one operator runs the network they are in."""

    name = "network_operators"
    version = "1"
    summary = "accounts that come mainly from a network operator that few others use"
    family = "network"
    needs = ("asn",)
    kinds = (
        # An operator is seen through the addresses: of the two, the stronger counts.
        Kind("operator", EGRESS, observable_through=("asn",), seeding=1.0, merge_strength="weak", id_priority=5),
    )
    parameters = NetworkOperatorsParameters()

    def signals(self, population: Population, parameters: NetworkOperatorsParameters) -> pl.DataFrame:
        """Return a token for the operator that an account mainly uses, if it is rare."""
        main = population.dominant("asn")
        operators, counts = np.unique(main[main != 0], return_counts=True)
        rare = operators[(counts >= 2) & (counts <= parameters.rare_share * population.size)]
        carriers = np.flatnonzero(np.isin(main, rare))
        return pl.DataFrame(
            {
                "account": population.profile.accounts["account"].gather(carriers),
                "kind": ["operator"] * carriers.size,
                "token": main[carriers],
                "strength": np.ones(carriers.size),
            },
            schema=SIGNALS,
        )

    def assess(self, candidate: Candidate, parameters: NetworkOperatorsParameters) -> list[Finding]:
        """Weigh how many members come from the same rare operators, against how many others do."""
        sharing = candidate.sharing("operator", candidate.population.states("asn"))
        if sharing is None:
            return []
        operators, found = sharing
        summary = f"{found} come mainly from {plural(operators.size, 'network operator')} that {found.usual} use"
        details = {"members": found.shown, "operators": operators.size, "rate_outside": found.base_rate}
        bits = found.group_bits(parameters.cap)
        return [Finding(Claim.OTHER, "network", "coordination", bits, summary, details)]
