"""The accounts of a profile as numpy arrays: what detectors compare a cluster with."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from distillscan.parameters import ClusterParameters
from distillscan.population.kinds import PAIRING
from distillscan.profile.tables import LINKS_KEPT, Profile

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]

T = TypeVar("T")

#: What an account carries: the token of a kind, and how much of its use of that kind it makes up (0 to 1). A row of
#: strength 0 says that the account could have carried the token and does not; without one nothing is known.
SIGNALS = pl.Schema({"account": pl.UInt64(), "kind": pl.String(), "token": pl.UInt64(), "strength": pl.Float64()})


class Population:
    """All accounts of a profile, numbered from 0 in the order of ``profile.accounts``.

    Attributes:
        profile: The profile.
        size: How many accounts there are.
        requests: Requests of each account.
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.size = profile.accounts.height
        self._ids = profile.accounts["account"].to_numpy()
        self._memo: dict[object, Any] = {}
        self.requests: Ints = profile.accounts["requests"].to_numpy().astype(np.int64)

    def numbers(self, accounts: pl.Series) -> Ints:
        """Return the numbers of accounts given by hash; every one must be in the profile."""
        return np.searchsorted(self._ids, accounts.to_numpy()).astype(np.int64)

    def once(self, key: object, compute: Callable[[], T]) -> T:
        """Return ``compute()``, worked out the first time only: many candidates meet the same population."""
        if key not in self._memo:
            self._memo[key] = compute()
        found: T = self._memo[key]
        return found

    def mask(self, numbers: Ints) -> Mask:
        """Return True for the given account numbers."""
        chosen = np.zeros(self.size, np.bool_)
        chosen[numbers] = True
        return chosen

    @cached_property
    def _by_kind(self) -> Mapping[str, pl.DataFrame]:
        return {str(key[0]): rows for key, rows in self.profile.links.partition_by("kind", as_dict=True).items()}

    def links(self, kind: str) -> pl.DataFrame:
        """Return the links of one kind, with the account's ``number`` added."""
        rows = self._by_kind.get(kind)
        if rows is None:
            rows = self.profile.links.clear()
        return rows.with_columns(pl.Series("number", self.numbers(rows["account"]), dtype=pl.Int64))

    def touched(self, kind: str) -> Floats:
        """Return how many entities of this kind each account has in the profile, shared or not."""
        return np.bincount(self.links(kind)["number"].to_numpy(), minlength=self.size).astype(np.float64)

    def states(self, kind: str) -> Mask:
        """Return True for accounts with at least one entity of this kind: for the others nothing is known."""
        return self.once(("states", kind), lambda: self.mask(self.links(kind)["number"].unique().to_numpy()))

    def dominant(self, kind: str) -> Hashes:
        """Return each account's entity of this kind with most requests (ties: smaller hash), 0 if it has none."""
        best = (
            self.links(kind)
            .sort(["requests", "entity"], descending=[True, False])
            .unique("number", keep="first", maintain_order=True)
        )
        out = np.zeros(self.size, np.uint64)
        out[best["number"].to_numpy()] = best["entity"].to_numpy()
        return out

    def distinct(self, kind: str) -> Floats:
        """Return how many distinct entities of this kind each account touched; estimated where the sample is full.

        The estimate is that of Bar-Yossef et al. (RANDOM 2002) for the k smallest hash values.
        """
        counted = (
            self.links(kind).group_by("number").agg(pl.len().alias("kept"), pl.col("entity").max().alias("largest"))
        )
        kept = counted["kept"].to_numpy().astype(np.float64)
        full = kept >= LINKS_KEPT
        largest = counted["largest"].to_numpy().astype(np.float64) / 2.0**64
        kept[full] = (LINKS_KEPT - 1) / largest[full]
        out = np.zeros(self.size)
        out[counted["number"].to_numpy()] = kept
        return out

    @cached_property
    def active_hours(self) -> tuple[Floats, Floats]:
        """Hours since 1970 of each account's first and last request."""
        hours = self.profile.accounts.select(pl.col("first", "last").dt.epoch("s") / 3600)
        return hours["first"].to_numpy(), hours["last"].to_numpy()

    @cached_property
    def client(self) -> Hashes:
        """The client program (user agent without version numbers) each account uses most, 0 if unknown."""
        return self.dominant("client")

    def values(self, kind: str, entities: Sequence[int]) -> list[str]:
        """Return the texts of entities, their hashes where the profile does not keep the text."""
        asked = pl.DataFrame({"entity": list(entities)}, schema={"entity": pl.UInt64})
        known = self.profile.entities.filter(pl.col("kind") == kind)
        found = asked.join(known, on="entity", how="left", maintain_order="left")["value"].to_list()
        return [text if text is not None else f"#{entity:016x}" for text, entity in zip(found, entities, strict=True)]


def turned_away(population: Population) -> Mask:
    """Return the accounts whose last requests were denied (401, 403): they stopped because they were stopped.

    Requests that were throttled (429) do not count: they are the fate of every busy account.
    """
    accounts = population.profile.accounts
    denied = accounts.select(
        (
            pl.col("first_denied").is_not_null()
            & (pl.col("last_served").is_null() | (pl.col("last_served") < pl.col("last")))
        )
        .fill_null(False)
        .alias("denied")
    )
    return denied["denied"].to_numpy()


def spans(indptr: Ints, chosen: Ints) -> Ints:
    """Return where the entries of the chosen rows of a compressed sparse matrix stand, row by row."""
    starts = indptr[chosen].astype(np.int64)
    sizes = indptr[np.asarray(chosen) + 1].astype(np.int64) - starts
    return np.repeat(starts - (np.cumsum(sizes) - sizes), sizes) + np.arange(int(sizes.sum()))


class SignalGraph:
    """Who carries which token: one sparse accounts-by-tokens matrix a kind.

    Attributes:
        population: The accounts.
        parameters: When a token is a habit, and when it is characteristic.
        kinds: The kinds present, sorted.
        tokens: Kind to its token hashes, in column order.
        judged: Kind to the accounts of which its detector says that they could have carried it, where it says so.
    """

    def __init__(
        self, population: Population, signals: pl.DataFrame, parameters: ClusterParameters | None = None
    ) -> None:
        self.population = population
        self.parameters = parameters or ClusterParameters()
        absent = signals.filter(pl.col("strength") == 0)
        self.judged: dict[str, Mask] = {
            kind: population.mask(population.numbers(signals.filter(pl.col("kind") == kind)["account"]))
            for kind in absent["kind"].unique().sort()
        }
        signals = signals.filter(pl.col("strength") > 0)
        self.kinds: tuple[str, ...] = tuple(sorted(signals["kind"].unique()))
        self.tokens: dict[str, Hashes] = {}
        self._by_account: dict[str, Any] = {}
        self._by_token: dict[str, Any] = {}
        self._carriers: dict[str, Ints] = {}
        self._use: dict[str, Floats] = {}
        self._sharing: dict[str, Mask] = {}
        for kind in self.kinds:
            rows = signals.filter(pl.col("kind") == kind)
            tokens = rows["token"].unique().sort().to_numpy()
            at = np.searchsorted(tokens, rows["token"].to_numpy())
            numbers = population.numbers(rows["account"])
            shape = (population.size, tokens.size)
            matrix = sparse.csr_array((rows["strength"].to_numpy(), (numbers, at)), shape=shape)
            self.tokens[kind] = tokens
            self._by_account[kind] = matrix
            self._by_token[kind] = matrix.tocsc()
            self._carriers[kind] = np.diff(self._by_token[kind].indptr).astype(np.int64)
            shared = np.asarray(matrix.sum(axis=1)).ravel()
            self._use[kind] = np.maximum(shared, population.touched(kind)) * self.parameters.good_part

    def carriers_per_token(self, kind: str) -> Ints:
        """Return how many accounts carry each token."""
        return self._carriers[kind]

    def inside(self, kind: str, members: Ints) -> Ints:
        """Return how many of the given accounts carry each token."""
        matrix = self._by_account[kind]
        return np.bincount(matrix.indices[spans(matrix.indptr, members)], minlength=self.tokens[kind].size)

    def carriers(self, kind: str, tokens: Ints) -> Mask:
        """Return True for accounts of whose use of this kind the tokens (given by column) make up a good part.

        An account that once crossed a pool, among fifty addresses of its own, does not belong to it.
        """
        used = self.use(kind, tokens)
        return (used > 0) & (used >= self._use[kind])

    def use(self, kind: str, tokens: Ints) -> Floats:
        """Return the strengths of the tokens (given by column), summed for each account."""
        matrix = self._by_token[kind]
        at = spans(matrix.indptr, tokens)
        used = np.bincount(matrix.indices[at], weights=matrix.data[at], minlength=self.population.size)
        return used.astype(np.float64)

    def touching(self, kind: str, tokens: Ints) -> Mask:
        """Return True for accounts that carry at least one of the tokens (given by column), however little."""
        matrix = self._by_token[kind]
        return self.population.mask(matrix.indices[spans(matrix.indptr, tokens)])

    def matrix(self, kind: str) -> Any:
        """Return the accounts-by-tokens matrix of strengths (CSR)."""
        return self._by_account[kind]

    def _meet(self, kind: str, inside: Ints, members: int, lift: float) -> bool:
        """Whether pairs of members carry the same token far more often than pairs of strangers (Poisson)."""
        pairs = float((inside * (inside - 1)).sum()) / 2
        carriers = self._carriers[kind]
        expected = float((carriers * (carriers - 1.0)).sum()) / 2 * (members / self.population.size) ** 2
        if pairs < max(self.parameters.met_pairs, lift * expected):
            return False
        expected = max(expected, 1e-9)
        excess = pairs * np.log2(pairs / expected) - (pairs - expected) / np.log(2)
        return bool(excess >= self.parameters.significant_bits)

    def sharing(self, kind: str) -> Mask:
        """Return True for accounts that carry any token of this kind."""
        if kind not in self._sharing:
            self._sharing[kind] = self.touching(kind, np.arange(self.tokens[kind].size))
        return self._sharing[kind]

    def characteristic(self, kind: str, members: Ints, lift: float) -> Ints:
        """Return the columns of tokens that mark the members: carried far more often inside, and not by chance.

        Any group of strangers has tokens that two or three of them happen to share. A token counts if its excess is
        significant among all tokens of its kind (log likelihood ratio, Bonferroni), or if it is so rare that strangers
        in a group of this size would hardly meet on it. Conversations and the like join few accounts each: of those
        all count if the members meet on them far more often than chance allows, taken together.
        """
        marked, inside = self._repeated(kind, members)
        carriers = self._carriers[kind][marked]
        n, rest = members.size, self.population.size - members.size
        # One member is left out: an account must not be its own witness.
        rate_in, rate_out = (inside - 1.0) / max(1, n - 1), (carriers - inside + 0.5) / (rest + 1.0)
        often = rate_in >= lift * rate_out
        marked, inside, carriers = marked[often], inside[often], carriers[often]
        if kind in PAIRING and self._meet(kind, inside, n, lift):
            return marked
        rate_in, rate_out = rate_in[often], np.minimum(rate_out[often], 1 - 1e-9)
        excess = rate_in * np.log2(rate_in / rate_out)
        below = np.flatnonzero(rate_in < 1)
        excess[below] += (1 - rate_in[below]) * np.log2((1 - rate_in[below]) / (1 - rate_out[below]))
        significant = n * excess >= np.log2(self.tokens[kind].size) + self.parameters.significant_bits
        chance = (n - 1) * (carriers - 1.0) / self.population.size
        chosen: Ints = marked[significant | (chance <= self.parameters.rare_chance)]
        return chosen

    def _repeated(self, kind: str, members: Ints) -> tuple[Ints, Ints]:
        """Columns of the tokens that at least two of the members carry, ascending, and how many do."""
        matrix = self._by_account[kind]
        met = matrix.indices[spans(matrix.indptr, members)]
        if met.size * 16 > self.tokens[kind].size:
            counts = np.bincount(met)
            columns = np.flatnonzero(counts >= 2)
            return columns, counts[columns]
        columns, counts = np.unique(met, return_counts=True)
        return columns[counts >= 2].astype(np.int64), counts[counts >= 2]
