"""Who carries which token, as sparse matrices, and which tokens are characteristic of a set of accounts."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from scipy import sparse

from distillscan.population.accounts import Floats, Hashes, Ints, Mask, Population
from distillscan.population.kinds import Cause, Kinds
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


def spans(indptr: Ints, chosen: Ints) -> Ints:
    """Return where the entries of the chosen rows of a compressed sparse matrix stand, row by row."""
    starts = indptr[chosen].astype(np.int64)
    sizes = indptr[np.asarray(chosen) + 1].astype(np.int64) - starts
    return np.repeat(starts - (np.cumsum(sizes) - sizes), sizes) + np.arange(int(sizes.sum()))


class _KindMatrix:
    """Accounts by tokens of one kind, by rows (``by_account``) and by columns (``by_token``): strengths."""

    def __init__(self, population: Population, signals: pl.DataFrame) -> None:
        self.tokens: Hashes = signals["token"].unique().sort().to_numpy()
        columns = np.searchsorted(self.tokens, signals["token"].to_numpy())
        numbers = population.numbers(signals["account"])
        self.by_account: Any = sparse.csr_array(
            (signals["strength"].to_numpy(), (numbers, columns)), shape=(population.size, self.tokens.size)
        )
        self.by_token: Any = self.by_account.tocsc()
        self.carriers: Ints = np.diff(self.by_token.indptr).astype(np.int64)
        self.total: Floats = np.asarray(self.by_account.sum(axis=1), np.float64).ravel()
        self.carried: Mask = self.total > 0

    def met(self, members: Ints) -> Ints:
        """Return the columns of the tokens of these accounts, once for each that carries it."""
        columns: Ints = self.by_account.indices[spans(self.by_account.indptr, members)]
        return columns


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
        self._matrices: dict[str, _KindMatrix] = {}
        for (kind,), rows in signals.partition_by("kind", as_dict=True).items():
            carried = rows.filter(pl.col("strength") > 0)
            if carried.height < rows.height:
                self.observable[kind] = population.mask(population.numbers(rows["account"]))
            if carried.height:
                self._matrices[kind] = _KindMatrix(population, carried)
        self.kinds = Kinds(kind for kind in kinds.values() if kind.name in self._matrices)
        self._habitual = {
            kind: np.maximum(matrix.total, population.touched(kind)) * self.parameters.good_part
            for kind, matrix in self._matrices.items()
        }

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

    def use(self, kind: str, tokens: Ints) -> Floats:
        """Return the strengths of the tokens (given by column), summed for each account."""
        by_token = self._matrices[kind].by_token
        entries = spans(by_token.indptr, tokens)
        used = np.bincount(by_token.indices[entries], weights=by_token.data[entries], minlength=self.population.size)
        return used.astype(np.float64)

    def carriers(self, kind: str, tokens: Ints) -> Mask:
        """Return True for accounts that carry at least one of the tokens (given by column), however little."""
        by_token = self._matrices[kind].by_token
        return self.population.mask(by_token.indices[spans(by_token.indptr, tokens)])

    def habitual_carriers(self, kind: str, tokens: Ints) -> Mask:
        """Return True for accounts of whose use of this kind the tokens (given by column) make up a good part.

        An account that once crossed a pool, among fifty addresses of its own, does not belong to it.
        """
        used = self.use(kind, tokens)
        return (used > 0) & (used >= self._habitual[kind])

    def carries_any(self, kind: str) -> Mask:
        """Return True for accounts that carry any token of this kind; the answer is shared, so leave it as it is."""
        return self._matrices[kind].carried

    def characteristic(self, kind: str, members: Ints) -> Ints:
        """Return the columns of tokens that mark the members: carried far more often inside, and not by chance.

        Any group of strangers has tokens that two or three of them happen to share. A token counts if its excess is
        significant among all tokens of its kind (log likelihood ratio, Bonferroni), or if it is so rare that strangers
        in a group of this size would hardly meet on it. Conversations and the like join few accounts each: of those
        all count if the members meet on them far more often than chance allows, taken together. A kind that nobody
        carries has none.
        """
        if kind not in self._matrices:
            return np.zeros(0, np.int64)
        p, matrix = self.parameters, self._matrices[kind]
        columns, inside = np.unique(matrix.met(members), return_counts=True)
        columns, inside = columns[inside >= 2].astype(np.int64), inside[inside >= 2]
        carriers, n = matrix.carriers[columns], members.size
        # One member is left out: an account must not be its own witness.
        rate_in, rate_out = (inside - 1.0) / max(1, n - 1), smoothed_rate(carriers - inside, self.population.size - n)
        often = rate_in >= p.lift * rate_out
        columns, inside, carriers = columns[often], inside[often], carriers[often]
        if self.kinds[kind].low_degree and self._meet(kind, inside, n):
            return columns
        excess = n * bernoulli_kl(rate_in[often], rate_out[often])
        significant = excess >= np.log2(matrix.tokens.size) + p.significant_bits
        chance = (n - 1) * (carriers - 1.0) / self.population.size
        chosen: Ints = columns[significant | (chance <= p.rare_chance)]
        return chosen

    def _meet(self, kind: str, inside: Ints, members: int) -> bool:
        """Whether pairs of members carry the same token far more often than pairs of strangers (Poisson)."""
        p, carriers = self.parameters, self._matrices[kind].carriers
        pairs = float((inside * (inside - 1)).sum()) / 2
        expected = float((carriers * (carriers - 1.0)).sum()) / 2 * (members / self.population.size) ** 2
        return pairs >= max(_MET_PAIRS, p.lift * expected) and poisson_llr(pairs, expected) >= p.significant_bits

    def known(self, cause: Cause) -> Mask:
        """Return True for accounts of which anything is known about a cause; for others its absence means nothing."""
        kinds = self.kinds.by_cause.get(cause, ())
        judged = [self.observable[kind.name] for kind in kinds if kind.name in self.observable]
        stated = [self.population.states(entity) for entity in self.declared.observable_through(cause)]
        known: Mask = np.logical_or.reduce(judged or [np.zeros(self.population.size, np.bool_), *stated])
        return known
