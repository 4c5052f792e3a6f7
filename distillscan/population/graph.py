"""Who carries which token, as sparse matrices, and which tokens are characteristic of a set of accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from distillscan.population.accounts import Floats, Hashes, Ints, Mask, Population
from distillscan.population.kinds import Cause, Kinds
from distillscan.population.matrix import KindMatrix, TokenColumns, summed
from distillscan.population.stats import bernoulli_kl, poisson_llr, smoothed_rate
from distillscan.settings import threshold

#: What an account carries: the token of a kind, and how much of its use of that kind it makes up (0 to 1). A row of
#: strength 0 says that the account could have carried the token and does not; without one nothing is known.
SIGNALS: Final = pl.Schema(
    {"account": pl.UInt64(), "kind": pl.String(), "token": pl.UInt64(), "strength": pl.Float64()}
)
#: Pairs of accounts that must meet on conversations and the like at least: two may be a couple's.
_MET_PAIRS: Final = 3


@dataclass(frozen=True)
class GraphParameters:
    """When a token is an account's habit, and when it is characteristic of a set of accounts."""

    lift: float = threshold(6.0, "times", "more often inside a set from which a token is characteristic")
    good_part: float = threshold(0.3, "share", "of an account's use of a kind from which tokens are habitual")
    significant_bits: float = threshold(10.0, "bits", "beyond log2 of all tokens tried, from which one is no accident")
    rare_chance: float = threshold(0.01, "accounts", "met by chance below which two on a token are telling")


@dataclass(frozen=True, slots=True)
class Marks:
    """The tokens of one kind that mark a set of accounts.

    Attributes:
        tokens: Their columns, ascending.
        inside: How many accounts of the set carry each.
    """

    tokens: Ints
    inside: Ints


class SignalGraph:
    """Who carries which token: one sparse accounts-by-tokens matrix a kind.

    Attributes:
        population: The accounts.
        declared: All kinds that were declared.
        kinds: Those of which there are tokens.
        parameters: When a token is a habit, and when it is characteristic.
        observable: Kind to the accounts of which its detector says that they could have carried it, if it says so.
    """

    def __init__(
        self,
        population: Population,
        signals: pl.DataFrame,
        kinds: Kinds,
        parameters: GraphParameters = GraphParameters(),
    ) -> None:
        self.population = population
        self.declared = kinds
        self.parameters = parameters
        self.observable: dict[str, Mask] = {}
        self._matrices: dict[str, KindMatrix] = {}
        for (kind,), rows in signals.partition_by("kind", as_dict=True).items():
            carried = rows.filter(pl.col("strength") > 0)
            if carried.height < rows.height:
                self.observable[kind] = population.mask(population.numbers(rows["account"]))
            if carried.height:
                self._matrices[kind] = KindMatrix(population, carried)
        self.kinds = Kinds(kind for kind in kinds.values() if kind.name in self._matrices)
        self._habitual = {
            kind: np.maximum(matrix.total, population.touched(kind) / population.accounts) * self.parameters.good_part
            for kind, matrix in self._matrices.items()
        }
        self._columns = TokenColumns([self._matrices[kind] for kind in self.kinds], population.size)
        sizes = np.array([self._matrices[kind].tokens.size for kind in self.kinds], np.float64)
        self._significant = np.log2(np.maximum(sizes, 1)) + self.parameters.significant_bits
        self._known: dict[Cause, Mask] = {}

    def accounts(self, members: Ints) -> int:
        """Return how many accounts the members stand for."""
        return int(self.population.accounts[members].sum())

    def tokens(self, kind: str) -> Hashes:
        """Return the token hashes of a kind, in column order."""
        return self._matrices[kind].tokens

    def matrix(self, kind: str) -> Any:
        """Return the accounts-by-tokens matrix of strengths (CSR)."""
        return self._matrices[kind].by_account

    def carriers_per_token(self, kind: str) -> Ints:
        """Return how many accounts carry each token."""
        return self._matrices[kind].carriers

    def carriers_among(self, kind: str, members: Ints) -> Ints:
        """Return how many of the given accounts carry each token."""
        matrix = self._matrices[kind]
        return np.bincount(matrix.met(members), minlength=matrix.tokens.size)

    def carrying(self, kind: str, tokens: Ints) -> tuple[Ints, Ints]:
        """Return the accounts that carry the tokens (given by column), token by token, and the place of each token."""
        matrix = self._matrices[kind]
        return matrix.carrying(tokens)[0], np.repeat(np.arange(tokens.size), matrix.carriers[tokens])

    def use(self, kind: str, tokens: Ints) -> tuple[Ints, Floats]:
        """Return the accounts that carry any of the tokens (given by column), ascending, and the summed strengths."""
        accounts, strengths = self._matrices[kind].carrying(tokens)
        if tokens.size == 1:
            return accounts.astype(np.int64), strengths
        return summed(accounts, strengths, self.population.size)

    def carriers(self, kind: str, tokens: Ints) -> Mask:
        """Return True for accounts that carry at least one of the tokens (given by column), however little."""
        return self.population.mask(self._matrices[kind].carrying(tokens)[0])

    def habitual_use(self, kind: str, tokens: Ints) -> tuple[Ints, Floats]:
        """Return the accounts of whose use of this kind the tokens make up a good part, ascending, and that use.

        An account that once crossed a pool, among fifty addresses of its own, does not belong to it.
        """
        numbers, used = self.use(kind, tokens)
        habitual = used >= self._habitual[kind][numbers]
        return numbers[habitual], used[habitual]

    def habitual_carriers(self, kind: str, tokens: Ints) -> Mask:
        """Return True for accounts of whose use of this kind the tokens (given by column) make up a good part."""
        return self.population.mask(self.habitual_use(kind, tokens)[0])

    def carries_any(self, kind: str) -> Mask:
        """Return True for accounts that carry any token of this kind; the answer is shared, so leave it as it is."""
        return self._matrices[kind].carried

    def characteristic(self, kind: str, members: Ints) -> Ints:
        """Return the columns of the tokens of a kind that mark the members (see ``marks``)."""
        marks = self.marks(members).get(kind)
        return np.zeros(0, np.int64) if marks is None else marks.tokens

    def marks(self, members: Ints) -> dict[str, Marks]:
        """Return the tokens that mark the members, by kind: carried far more often inside, and not by chance.

        Any group of strangers has tokens that two or three of them happen to share. A token counts if its excess is
        significant among all tokens of its kind (log likelihood ratio, Bonferroni), or if it is so rare that strangers
        in a group of this size would hardly meet on it. Conversations and the like join few accounts each: of those
        all count if the members meet on them far more often than chance allows, taken together.
        """
        columns, inside = self._columns.met(members)
        often, chosen = self._telling(columns, inside, members.size)
        kinds = self._columns.kind_of[columns]
        for number, kind in enumerate(self.kinds.values()):
            if kind.low_degree:
                of_kind = often & (kinds == number)
                if np.any(of_kind) and self._meet(kind.name, inside[of_kind], members.size):
                    chosen |= of_kind
        parts = self._columns.by_kind(columns[chosen], inside[chosen])
        return {kind: Marks(*part) for kind, part in zip(self.kinds, parts, strict=True) if part[0].size}

    def marked_kinds(self, sets: Sequence[Ints]) -> npt.NDArray[np.bool_]:
        """Return which kinds (columns, in the order of ``kinds``) may mark each of many sets of accounts (rows).

        All that do are among them; of kinds whose tokens have few carriers it is not asked whether members meet on them
        more often than chance allows.
        """
        row, columns, inside = self._columns.met_by_each(sets)
        sizes = np.array([members.size for members in sets], np.float64)
        often, chosen = self._telling(columns, inside, sizes[row])
        low_degree = np.array([kind.low_degree for kind in self.kinds.values()], np.bool_)
        kinds = self._columns.kind_of[columns]
        marking = chosen | (often & low_degree[kinds])
        marked = np.zeros((len(sets), len(self.kinds)), np.bool_)
        marked[row[marking], kinds[marking]] = True
        return marked

    def _telling(self, columns: Ints, inside: Ints, members: npt.ArrayLike) -> tuple[Mask, Mask]:
        """Which tokens so many of the members carry far more often than others do, and which of these not by chance."""
        p, n, total = self.parameters, np.asarray(members, np.float64), self.population.size
        carriers = self._columns.carriers[columns]
        # One member is left out: an account must not be its own witness.
        rate_in, rate_out = (inside - 1.0) / np.maximum(1, n - 1), smoothed_rate(carriers - inside, total - n)
        often = rate_in >= p.lift * rate_out
        excess = n * bernoulli_kl(rate_in, rate_out)
        significant = excess >= self._significant[self._columns.kind_of[columns]]
        return often, often & (significant | ((n - 1) * (carriers - 1.0) / total <= p.rare_chance))

    def _meet(self, kind: str, inside: Ints, members: int) -> bool:
        """Whether pairs of members carry the same token far more often than pairs of strangers (Poisson)."""
        p, pairs = self.parameters, float((inside * (inside - 1)).sum()) / 2
        expected = self._matrices[kind].pairs * (members / self.population.size) ** 2
        return pairs >= max(_MET_PAIRS, p.lift * expected) and poisson_llr(pairs, expected) >= p.significant_bits

    def known(self, cause: Cause) -> Mask:
        """Return True for accounts of which anything is known about a cause; for others its absence means nothing.

        The answer is shared, so leave it as it is.
        """
        if cause not in self._known:
            kinds = self.kinds.by_cause.get(cause, ())
            judged = [self.observable[kind.name] for kind in kinds if kind.name in self.observable]
            stated = [self.population.states(entity) for entity in self.declared.observable_through(cause)]
            nobody = np.zeros(self.population.size, np.bool_)
            self._known[cause] = np.logical_or.reduce(judged or [nobody, *stated])
        return self._known[cause]
