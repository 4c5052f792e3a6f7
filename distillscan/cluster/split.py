"""Split a candidate that holds several operators: parts that share only accidents are judged apart.

Refinement asks whether an account carries *any* characteristic token of a cause, so two campaigns that an accident
joins (one network, one mail domain, sign-ups in the same hours) fit one candidate as well as two. Here the candidate's
accounts and tokens are divided into communities; communities stay together if, for one strong kind of token, they use
the same tokens in much the same proportions (cosine), or for two weaker kinds.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import graspologic_native as native
import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from distillscan.parameters import ClusterParameters
from distillscan.population.accounts import Floats, Hashes, Ints, Mask
from distillscan.population.graph import SignalGraph
from distillscan.population.kinds import DECLARING, LINKING, OWNERS, PAIRING, SEPARATING, STRONG, WEAK, WORDING


def _tokens(graph: SignalGraph, members: Ints) -> dict[str, "sparse.csr_array"]:
    """Kind to members by characteristic tokens."""
    found = {}
    for kind in LINKING:
        if kind in graph.kinds:
            tokens = graph.characteristic(kind, members)
            if tokens.size:
                found[kind] = graph.matrix(kind)[members][:, tokens].tocsr()
    return found


def _parts(matrices: dict[str, "sparse.csr_array"], p: ClusterParameters) -> Ints:
    """Community of each member, by Leiden on the members and their characteristic tokens."""
    weighted = []
    for kind, matrix in matrices.items():
        carriers = np.maximum(1, np.diff(matrix.tocsc().indptr))
        weighted.append(matrix @ sparse.diags_array(LINKING[kind] * np.log2(1.0 + matrix.shape[0] / carriers)))
    block = sparse.hstack(weighted, format="csr")
    full = sparse.block_array([[None, block], [block.T, None]], format="csr")
    full.sort_indices()
    _, labels = native.leiden_csr(
        full.indptr.astype(np.int64),
        full.indices.astype(np.int32),
        full.data.astype(np.float64),
        int(full.shape[0]),
        resolution=p.resolution,
        seed=p.seed,
    )
    return np.fromiter((labels.get(node, -1 - node) for node in range(block.shape[0])), np.int64, block.shape[0])


@dataclass(frozen=True, slots=True)
class _Group:
    """A part of the candidate: positions of its members, and what they carry, summed (so that groups add up)."""

    at: Ints
    rates: dict[str, Floats]  # kind to strength per token
    carrying: dict[str, int]  # kind to members with any token
    stated: dict[str, int]  # kind to members of which the log says anything
    marks: dict[str, int]  # kind to a number with a bit for every token that a member carries

    def __add__(self, other: "_Group") -> "_Group":
        return _Group(
            np.concatenate([self.at, other.at]),
            {kind: self.rates[kind] + other.rates[kind] for kind in self.rates},
            {kind: self.carrying[kind] + other.carrying[kind] for kind in self.carrying},
            {kind: self.stated[kind] + other.stated[kind] for kind in self.stated},
            {kind: self.marks[kind] | other.marks[kind] for kind in self.marks},
        )

    def shared(self, other: "_Group") -> list[str]:
        """The kinds of which both carry a token: in all others the two have nothing to be compared by."""
        return [kind for kind, mark in self.marks.items() if mark & other.marks[kind]]


def _groups(label: Ints, matrices: dict[str, "sparse.csr_array"], stated: dict[str, Mask]) -> list[_Group]:
    """The communities as groups, largest first."""
    names, inverse, sizes = np.unique(label, return_inverse=True, return_counts=True)
    belongs = sparse.csr_array((np.ones(label.size), (inverse, np.arange(label.size))), shape=(names.size, label.size))
    rates = {kind: (belongs @ matrix).tocsr() for kind, matrix in matrices.items()}
    carrying = {kind: belongs @ (np.diff(matrix.indptr) > 0) for kind, matrix in matrices.items()}
    known = {kind: belongs @ mask for kind, mask in stated.items()}
    places = np.split(np.argsort(inverse, kind="stable"), np.cumsum(sizes)[:-1])
    return [
        _Group(
            places[k],
            {kind: np.asarray(matrix[[k]].todense(), np.float64).ravel() for kind, matrix in rates.items()},
            {kind: int(counts[k]) for kind, counts in carrying.items()},
            {kind: int(counts[k]) for kind, counts in known.items()},
            {kind: _bits(matrix.indices[matrix.indptr[k] : matrix.indptr[k + 1]]) for kind, matrix in rates.items()},
        )
        for k in np.lexsort((names, -sizes))
    ]


def _bits(tokens: Ints) -> int:
    return sum(1 << token for token in tokens.tolist())


def _cosine(kind: str, one: _Group, other: _Group) -> float | None:
    """How alike two groups use the tokens of a kind, None if either uses none."""
    if kind not in one.rates:
        return None
    a, b = one.rates[kind], other.rates[kind]
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norm if norm > 0 else None


def _habitual(kind: str, one: _Group, other: _Group, p: ClusterParameters) -> bool:
    """Whether enough members of both groups carry tokens of the kind: what a few do says nothing of the rest."""
    return kind in one.rates and all(g.carrying[kind] >= p.habit * g.at.size for g in (one, other))


def _meet(kind: str, one: _Group, other: _Group, p: ClusterParameters) -> bool:
    """Whether two groups meet on tokens of which each joins a few accounts only: parts of one pool do so all over."""
    if not _habitual(kind, one, other, p):
        return False
    a, b = one.rates[kind] > 0, other.rates[kind] > 0
    common, fewer = np.count_nonzero(a & b), min(np.count_nonzero(a), np.count_nonzero(b))
    return bool(common >= p.meetings and common >= p.meeting_share * fewer)


def _pairs_apart(kind: str, one: _Group, other: _Group, p: ClusterParameters) -> bool:
    """Whether one group hands on conversations within itself, and the other, of the same wording, takes no part."""
    if kind not in one.rates or np.any((one.rates[kind] > 0) & (other.rates[kind] > 0)):
        return False
    few, many = sorted(group.carrying[kind] / group.at.size for group in (one, other))
    return bool(many >= p.mostly and few <= 1 - p.mostly)


def _declares(mine: Hashes, theirs: Hashes, p: ClusterParameters) -> bool:
    """Whether most of ``mine`` (hashes, 0 where nothing is stated) are one value that hardly any of ``theirs`` is."""
    values, counts = np.unique(mine[mine != 0], return_counts=True)
    if mine.size < p.declared_accounts or values.size == 0 or counts.max() < p.declared_share * mine.size:
        return False
    return bool(np.mean(theirs != values[np.argmax(counts)]) >= p.declared_share)


@dataclass(frozen=True, slots=True)
class _Judge:
    """Decides whether two groups look like one operator's.

    Attributes:
        first: Hour of each member's first request.
        last: Hour of its last one.
        p: When they are used alike, and the like.
        declared: What each member declares, by hash: its organisation, its type of account.
    """

    first: Floats
    last: Floats
    p: ClusterParameters
    declared: dict[str, Hashes] = field(default_factory=dict)

    def strangers(self, one: _Group, other: _Group, kinds: tuple[str, ...]) -> bool:
        """Whether one group openly belongs to somebody to whom hardly anybody of the other does."""
        return any(
            _declares(self.declared[kind][mine.at], self.declared[kind][theirs.at], self.p)
            for kind in kinds
            if kind in self.declared
            for mine, theirs in ((one, other), (other, one))
        )

    def tied(self, one: _Group, other: _Group) -> bool:
        """Whether two groups meet, or use any strong kind but wording, or two weak ones, alike."""
        return self._bound(one, other, one.shared(other)) and not self.strangers(one, other, OWNERS)

    def _bound(self, one: _Group, other: _Group, shared: list[str]) -> bool:
        """Whether two groups are tied by kinds that they share, whatever they declare."""
        if any(_meet(kind, one, other, self.p) for kind in shared if kind in PAIRING):
            return True
        if any(self._close(kind, one, other) for kind in shared if kind in STRONG and kind not in WORDING):
            return True
        weak = [kind for kind in shared if kind in WEAK]
        if len(weak) < self.p.weak_kinds:
            return False
        return sum(self._close(kind, one, other) for kind in weak) >= self.p.weak_kinds

    def _close(self, kind: str, one: _Group, other: _Group) -> bool:
        return _habitual(kind, one, other, self.p) and (_cosine(kind, one, other) or 0.0) >= self.p.alike

    def alike(self, one: _Group, other: _Group) -> bool:
        """Whether two groups are tied, or use the same wording, accidents of a published wording apart."""
        shared = one.shared(other)
        if self._bound(one, other, shared):
            return not self.strangers(one, other, OWNERS)
        return self._same_wording(one, other, shared) and not self.strangers(one, other, DECLARING)

    def _same_wording(self, one: _Group, other: _Group, shared: list[str]) -> bool:
        """Whether two groups use the same wording, and not as two operators of one published pipeline do."""
        if not any(self._close(kind, one, other) for kind in shared if kind in STRONG and kind in WORDING):
            return False
        cosine = {kind: _cosine(kind, one, other) for kind in SEPARATING}
        # The same wording over separate pools at the same time is a published pipeline that two operators run, or an
        # application that a campaign copies; one pool after the other is one operator that was banned.
        if any(_pairs_apart(kind, one, other, self.p) for kind in PAIRING):
            return False
        known = all(
            group.stated[kind] >= self.p.mostly * group.at.size for kind in SEPARATING for group in (one, other)
        )
        return not (known and _separate(cosine, one, other, self.p) and self._at_once(one, other))

    def _at_once(self, one: _Group, other: _Group) -> bool:
        """Whether two groups are active over the same days, rather than one after the other."""
        tail = self.p.span_tail
        begin = [float(np.quantile(self.first[group.at], tail)) for group in (one, other)]
        end = [float(np.quantile(self.last[group.at], 1 - tail)) for group in (one, other)]
        common = min(end) - max(begin)
        return common > self.p.at_once * min(e - b for b, e in zip(begin, end, strict=True))


def _separate(cosine: dict[str, float | None], one: _Group, other: _Group, p: ClusterParameters) -> bool:
    """Whether at least one group lives on a pool or on cards of which the other, though known, has nothing."""
    kinds = [kind for kind in SEPARATING if kind in one.rates]
    if any((cosine[kind] or 0.0) > p.separate for kind in kinds):
        return False
    return any(group.carrying[kind] >= p.mostly * group.at.size for kind in kinds for group in (one, other))


def _nearness(one: _Group, other: _Group) -> float:
    """The largest cosine of two groups over the strong kinds."""
    return max((_cosine(kind, one, other) or 0.0) for kind in STRONG)


def _gathered(parts: list[_Group], judge: _Judge) -> list[_Group]:
    """Put parts that are alike together; scraps join a group or stay alone, but never found one.

    What is tied by more than wording comes together first: two parts of one pool may be of different minds about a
    third that is merely worded alike.
    """
    groups = [part for part in parts if any(part.carrying.values())]
    scraps = [part for part in parts if not any(part.carrying.values())]
    for test in (judge.tied, judge.alike):
        gathered: list[_Group] = []
        for part in sorted(groups, key=lambda group: (-group.at.size, int(group.at[0]))):
            gathered = _taken_in(gathered, part, test, judge.p)
        groups = gathered
    small = [group for group in groups if group.at.size < judge.p.scrap and len(groups) > 1]
    return _joined([group for group in groups if not any(group is one for one in small)], judge) + small + scraps


def _taken_in(
    groups: list[_Group], part: _Group, test: Callable[[_Group, _Group], bool], p: ClusterParameters
) -> list[_Group]:
    """Add a part to the groups it is like.

    A part of some size that is like several groups joins them; a small one made of leftovers of two operators is like
    both as well, and goes to the nearest alone.
    """
    alike = [k for k, group in enumerate(groups) if test(group, part)]
    joins = [k for k in alike if part.at.size >= p.bridge * groups[k].at.size]
    joins = joins or sorted(alike, key=lambda k: (-_nearness(groups[k], part), k))[:1]
    joined = part
    for k in joins:
        joined = joined + groups[k]
    return [*(group for k, group in enumerate(groups) if k not in joins), joined]


def _joined(groups: list[_Group], judge: _Judge) -> list[_Group]:
    """Join groups that are alike as wholes, until none are: first those tied by more than wording."""
    for test in (judge.tied, judge.alike):
        waiting, done = list(groups), []
        while waiting:
            one = waiting.pop(0)
            twin = next((k for k, other in enumerate(waiting) if test(one, other)), None)
            if twin is None:
                done.append(one)
            else:
                waiting[twin] = one + waiting[twin]
        groups = done
    return groups


def _judge(graph: SignalGraph, members: Ints, p: ClusterParameters) -> _Judge:
    """What is needed to judge groups of these members."""
    population = graph.population
    first, last = population.active_hours
    declared = {kind: population.dominant(kind)[members] for kind in DECLARING}
    return _Judge(first[members], last[members], p, declared)


def split(graph: SignalGraph, members: Ints, p: ClusterParameters) -> list[Ints]:
    """Return the parts of a candidate that belong together; the whole as the only part if there is nothing to split."""
    matrices = _tokens(graph, members)
    if not matrices:
        return [members]
    label = _parts(matrices, p)
    stated = {kind: _stated(graph, kind)[members] for kind in SEPARATING}
    found = []
    for at in _connected(matrices):
        if np.all(label[at] == label[at[0]]):
            found.append(members[at])
            continue
        groups = _groups(label[at], _of(matrices, at), {kind: mask[at] for kind, mask in stated.items()})
        gathered = _gathered(groups, _judge(graph, members[at], p))
        found += [members[at[np.sort(group.at)]] for group in gathered]
    return found


def _connected(matrices: dict[str, "sparse.csr_array"]) -> list[Ints]:
    """Members (by position) joined by any chain of common tokens: two such sets have nothing to be compared by."""
    block = sparse.hstack(list(matrices.values()), format="csr")
    rows, columns = block.shape
    ends = np.pad(block.indptr, (0, columns), "edge")
    full = sparse.csr_array((block.data, block.indices + rows, ends), shape=(rows + columns, rows + columns))
    _, piece = csgraph.connected_components(full, directed=False)
    order = np.argsort(piece[:rows], kind="stable").astype(np.int64)
    return np.split(order, np.flatnonzero(np.diff(piece[order])) + 1)


def _of(matrices: dict[str, "sparse.csr_array"], at: Ints) -> dict[str, "sparse.csr_array"]:
    """The rows of these members, and the tokens that they carry."""
    rows = {kind: matrix[at] for kind, matrix in matrices.items()}
    return {kind: matrix[:, np.unique(matrix.indices)].tocsr() for kind, matrix in rows.items() if matrix.nnz}


def tied_sets(graph: SignalGraph, sets: list[Ints], p: ClusterParameters) -> list[tuple[int, int]]:
    """Return which of several disjoint sets are tied to each other by more than wording, as pairs of their numbers."""
    members = np.sort(np.concatenate(sets)) if sets else np.zeros(0, np.int64)
    matrices = _tokens(graph, members) if members.size else {}
    if not matrices:
        return []
    label = np.zeros(members.size, np.int64)
    for number, one in enumerate(sets):
        label[np.searchsorted(members, one)] = number
    stated = {kind: _stated(graph, kind)[members] for kind in SEPARATING}
    groups = {int(label[group.at[0]]): group for group in _groups(label, matrices, stated)}
    judge = _judge(graph, members, p)
    return [(a, b) for b in groups for a in groups if a < b and judge.tied(groups[a], groups[b])]


def _stated(graph: SignalGraph, kind: str) -> Mask:
    """Accounts of which the log says anything of this kind."""
    stated = graph.population.states(kind)
    return stated | graph.carries_any(kind) if kind in graph.kinds else stated
