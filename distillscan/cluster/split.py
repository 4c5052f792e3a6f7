"""Split a candidate that holds several operators: parts that share only accidents are judged apart.

Refinement asks whether an account carries *any* characteristic token of a cause, so two campaigns that an accident
joins (one network, one mail domain, sign-ups in the same hours) fit one candidate as well as two. Here the candidate's
accounts and tokens are divided into communities; communities stay together if, for one strong kind of token, they use
the same tokens in much the same proportions (cosine), or for two weaker kinds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from distillscan.cluster.seeds import SeedParameters, leiden, positions_by_label
from distillscan.population.accounts import Floats, Hashes, Ints, Mask
from distillscan.population.graph import SignalGraph
from distillscan.population.kinds import WORDING, Kind, Kinds
from distillscan.settings import threshold

#: Entities by which accounts declare whom they belong to. One organisation keeps groups apart whatever else they share;
#: a type of account does so where they share no more than a wording: one operator may hold plans of two kinds, but a
#: plan of its own and a published prompt are a customer's.
_OWNERS: Final = ("org",)
_DECLARING: Final = (*_OWNERS, "account_type")
#: Accounts that a part must have to declare anything: four on one plan are nothing.
_DECLARED_ACCOUNTS: Final = 5
#: Tokens such as conversations on which parts of one pool meet at least, and the share that these are of the smaller's.
_MEETINGS, _MEETING_SHARE = 3, 0.1
#: Cosine of addresses or cards up to which two parts of one wording are apart.
_SEPARATE: Final = 0.1
#: Share of accounts cut off at either end of a part's time: stragglers.
_SPAN_TAIL: Final = 0.1
#: Share of the shorter time above which two parts are active at once.
_AT_ONCE: Final = 0.5
#: Times a group's size from which a part may merge several groups: smaller ones may be leftovers of two operators.
_MIN_BRIDGE_RATIO: Final = 0.25
#: Accounts below which a part founds no group: thousands would be compared.
_SCRAP: Final = 3

#: Kind to members by tokens (CSR).
Matrices = Mapping[str, Any]


@dataclass(frozen=True)
class SplitParameters(SeedParameters):
    """When parts of a candidate are one operator's."""

    alike: float = threshold(0.7, "cosine", "of two parts' token use from which they are one operator's")
    habit: float = threshold(0.1, "share", "of a part that carries a kind from which it is habitual there")
    weak_kinds: int = threshold(2, "kinds", "that are weak, used alike, to join parts: one may be an accident")
    mostly: float = threshold(0.5, "share", "of a part's accounts from which a trait is its way of working")
    declared_share: float = threshold(0.8, "share", "of a part under one organisation or type that declares it")


def _matrices(graph: SignalGraph, members: Ints) -> dict[str, Any]:
    """Members by characteristic tokens, of the kinds that link accounts."""
    marks = {kind: marks.tokens for kind, marks in graph.marks(members).items() if graph.kinds[kind].seeding}
    return {kind: graph.matrix(kind)[members][:, tokens].tocsr() for kind, tokens in marks.items()}


def _parts(matrices: Matrices, kinds: Kinds, resolution: float) -> Ints:
    """Community of each member, by Leiden on the members and their characteristic tokens."""
    weighted = []
    for kind, matrix in matrices.items():
        carriers = np.maximum(1, np.diff(matrix.tocsc().indptr))
        rarity = np.log2(1.0 + matrix.shape[0] / carriers)
        weighted.append(matrix @ sparse.diags_array(kinds[kind].seeding * rarity))
    return leiden(sparse.hstack(weighted, format="csr"), resolution)


@dataclass(frozen=True, slots=True)
class _Group:
    """A part of the candidate, summed up, so that groups add up.

    Attributes:
        positions: Of its members among the candidate's.
        use: Kind to strength per token.
        tokens: Kind to a number with a bit for every token that a member carries.
    """

    positions: Ints
    use: Mapping[str, Floats]
    tokens: Mapping[str, int]

    @classmethod
    def of(cls, positions: Ints, matrices: Matrices) -> "_Group":
        rows = {kind: matrix[positions] for kind, matrix in matrices.items()}
        use = {kind: np.asarray(matrix.sum(axis=0), np.float64).ravel() for kind, matrix in rows.items()}
        tokens = {kind: sum(1 << token for token in set(matrix.indices.tolist())) for kind, matrix in rows.items()}
        return cls(positions, use, tokens)

    def __add__(self, other: "_Group") -> "_Group":
        use = {kind: strengths + other.use[kind] for kind, strengths in self.use.items()}
        tokens = {kind: bits | other.tokens[kind] for kind, bits in self.tokens.items()}
        return _Group(np.concatenate([self.positions, other.positions]), use, tokens)

    @property
    def size(self) -> int:
        return self.positions.size


def _cosine(kind: str, one: _Group, other: _Group) -> float:
    """How alike two groups use the tokens of a kind, 0 if either uses none."""
    if kind not in one.use:
        return 0.0
    a, b = one.use[kind], other.use[kind]
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norm if norm > 0 else 0.0


def _meet(kind: str, one: _Group, other: _Group) -> bool:
    """Whether two groups meet on tokens that join a few accounts each: parts of one pool do so all over."""
    common, fewer = one.tokens[kind] & other.tokens[kind], min(one.tokens[kind], other.tokens[kind], key=int.bit_count)
    return common.bit_count() >= max(_MEETINGS, _MEETING_SHARE * fewer.bit_count())


def _declares(stated: Hashes, others: Hashes, p: SplitParameters) -> bool:
    """Whether most of ``stated`` (hashes, 0 where nothing is stated) are one value that hardly any of ``others`` is."""
    values, counts = np.unique(stated[stated != 0], return_counts=True)
    if stated.size < _DECLARED_ACCOUNTS or values.size == 0 or counts.max() < p.declared_share * stated.size:
        return False
    return bool(np.mean(others != values[np.argmax(counts)]) >= p.declared_share)


class _Judge:
    """Decides whether two groups of these members look like one operator's."""

    def __init__(self, graph: SignalGraph, members: Ints, matrices: Matrices, p: SplitParameters) -> None:
        self.p = p
        self._kinds = graph.declared
        self._carrying: dict[str, Mask] = {kind: np.diff(matrix.indptr) > 0 for kind, matrix in matrices.items()}
        telling = [kind for kind in self._kinds.values() if kind.distinguishes_operators]
        self._stated = {kind.name: _stated(graph, kind, members) for kind in telling}
        self._first, self._last = (hours[members] for hours in graph.population.active_hours)
        self._declared = {entity: graph.population.dominant(entity)[members] for entity in _DECLARING}

    def tied(self, one: _Group, other: _Group, *, by_wording: bool = False) -> bool:
        """Whether two groups meet, or use any strong kind but wording, or two weak ones, alike.

        Or, ``by_wording``, the same wording, accidents of a published wording apart.
        """
        shared = [self._kinds[kind] for kind in one.use if self._habitual(kind, one, other)]
        strong = [kind for kind in shared if kind.merge_strength == "strong"]
        alike = {kind: _cosine(kind.name, one, other) >= self.p.alike for kind in shared if kind.merge_strength}
        if (
            any(kind.low_degree and _meet(kind.name, one, other) for kind in shared)
            or any(alike[kind] for kind in strong if kind.cause != WORDING)
            or sum(alike[kind] for kind in shared if kind.merge_strength == "weak") >= self.p.weak_kinds
        ):
            return not self._strangers(one, other, _OWNERS)
        worded = by_wording and any(alike[kind] for kind in strong if kind.cause == WORDING)
        return worded and not self._published(one, other) and not self._strangers(one, other, _DECLARING)

    def nearness(self, one: _Group, other: _Group) -> float:
        """The largest cosine of two groups over the strong kinds."""
        strong = (kind.name for kind in self._kinds.values() if kind.merge_strength == "strong")
        return max((_cosine(kind, one, other) for kind in strong), default=0.0)

    def _strangers(self, one: _Group, other: _Group, entities: Sequence[str]) -> bool:
        """Whether one group openly belongs to somebody to whom hardly anybody of the other does."""
        declared = [self._declared[entity] for entity in entities]
        pairs = ((one.positions, other.positions), (other.positions, one.positions))
        return any(_declares(stated[a], stated[b], self.p) for stated in declared for a, b in pairs)

    def _share(self, kind: str, group: _Group) -> float:
        """The share of a group's members that carry any token of a kind."""
        return float(np.mean(self._carrying[kind][group.positions]))

    def _habitual(self, kind: str, one: _Group, other: _Group) -> bool:
        """Whether both groups carry a token of the kind, and enough of their members any: the rest says nothing."""
        common = one.tokens[kind] & other.tokens[kind]
        return common != 0 and min(self._share(kind, one), self._share(kind, other)) >= self.p.habit

    def _published(self, one: _Group, other: _Group) -> bool:
        """Whether two groups use the same wording as two operators of one published pipeline do.

        The same wording over separate pools at the same time is a published pipeline that two operators run, or an
        application that a campaign copies; one pool after the other is one operator that was banned.
        """
        if any(self._kinds[kind].low_degree and self._pairs_apart(kind, one, other) for kind in one.use):
            return True
        stated = [mask[group.positions] for mask in self._stated.values() for group in (one, other)]
        known = all(np.mean(mask) >= self.p.mostly for mask in stated)
        return known and self._separate(one, other) and self._at_once(one, other)

    def _pairs_apart(self, kind: str, one: _Group, other: _Group) -> bool:
        """Whether one group hands on conversations within itself, and the other, of the same wording, takes no part."""
        few, many = sorted((self._share(kind, one), self._share(kind, other)))
        return not one.tokens[kind] & other.tokens[kind] and many >= self.p.mostly and few <= 1 - self.p.mostly

    def _separate(self, one: _Group, other: _Group) -> bool:
        """Whether at least one group lives on a pool or on cards of which the other, though known, has nothing."""
        kinds = [kind for kind in self._stated if kind in one.use]
        apart = all(_cosine(kind, one, other) <= _SEPARATE for kind in kinds)
        return apart and any(self._share(kind, group) >= self.p.mostly for kind in kinds for group in (one, other))

    def _at_once(self, one: _Group, other: _Group) -> bool:
        """Whether two groups are active over the same days, rather than one after the other."""
        begin, end = (
            [float(np.quantile(hours[group.positions], share)) for group in (one, other)]
            for hours, share in ((self._first, _SPAN_TAIL), (self._last, 1 - _SPAN_TAIL))
        )
        common, shorter = min(end) - max(begin), min(e - b for b, e in zip(begin, end, strict=True))
        return common > _AT_ONCE * shorter


def _stated(graph: SignalGraph, kind: Kind, members: Ints) -> Mask:
    """Members of which the log says anything that a kind is about."""
    stated = [graph.population.states(entity)[members] for entity in kind.observable_through]
    carried = [graph.carries_any(kind.name)[members]] if kind.name in graph.kinds else []
    known: Mask = np.logical_or.reduce([np.zeros(members.size, np.bool_), *stated, *carried])
    return known


def _merged(parts: list[_Group], judge: _Judge) -> list[_Group]:
    """Put parts that are alike together; scraps join a group or stay alone, but never found one.

    What is tied by more than wording comes together first: two parts of one pool may be of different minds about a
    third that is merely worded alike.
    """
    tests = (judge.tied, partial(judge.tied, by_wording=True))
    groups = [part for part in parts if any(part.tokens.values())]
    bare = [part for part in parts if not any(part.tokens.values())]
    for test in tests:
        merged: list[_Group] = []
        for part in sorted(groups, key=lambda group: (-group.size, int(group.positions[0]))):
            merged = _take_in(merged, part, test, judge)
        groups = merged
    least = _SCRAP if len(groups) > 1 else 0
    whole = [group for group in groups if group.size >= least]
    for test in tests:
        whole = _join_alike(whole, test)
    return whole + [group for group in groups if group.size < least] + bare


def _take_in(groups: list[_Group], part: _Group, test: Callable[[_Group, _Group], bool], judge: _Judge) -> list[_Group]:
    """Add a part to the groups it is like.

    A part of some size that is like several groups joins them; a small one made of leftovers of two operators is like
    both as well, and goes to the nearest alone.
    """
    alike = [k for k, group in enumerate(groups) if test(group, part)]
    joins = [k for k in alike if part.size >= _MIN_BRIDGE_RATIO * groups[k].size]
    joins = joins or sorted(alike, key=lambda k: (-judge.nearness(groups[k], part), k))[:1]
    joined = sum((groups[k] for k in joins), part)
    return [*(group for k, group in enumerate(groups) if k not in joins), joined]


def _join_alike(groups: list[_Group], test: Callable[[_Group, _Group], bool]) -> list[_Group]:
    """Join groups that are alike as wholes, until none are."""
    waiting, done = list(groups), []
    while waiting:
        group = waiting.pop(0)
        twin = next((k for k, other in enumerate(waiting) if test(group, other)), None)
        if twin is None:
            done.append(group)
        else:
            waiting[twin] = group + waiting[twin]
    return done


def split(graph: SignalGraph, members: Ints, p: SplitParameters) -> list[Ints]:
    """Return the parts of a candidate that belong together; the whole as the only part if there is nothing to split."""
    matrices = _matrices(graph, members)
    if not matrices:
        return [members]
    label = _parts(matrices, graph.kinds, p.resolution)
    parts = []
    for part in _connected(matrices):
        if np.all(label[part] == label[part[0]]):
            parts.append(members[part])
            continue
        rows = _rows(matrices, part)
        groups = [_Group.of(positions, rows) for positions in positions_by_label(label[part])]
        merged = _merged(groups, _Judge(graph, members[part], rows, p))
        parts += [members[part[np.sort(group.positions)]] for group in merged]
    return parts


def _connected(matrices: Matrices) -> list[Ints]:
    """Members (by position) joined by any chain of common tokens: two such sets have nothing to be compared by."""
    block = sparse.hstack(list(matrices.values()), format="csr")
    rows, columns = block.shape
    ends = np.pad(block.indptr, (0, columns), "edge")
    full = sparse.csr_array((block.data, block.indices + rows, ends), shape=(rows + columns, rows + columns))
    _, piece = csgraph.connected_components(full, directed=False)
    return positions_by_label(piece[:rows].astype(np.int64))


def _rows(matrices: Matrices, positions: Ints) -> dict[str, Any]:
    """The rows of these members, and the tokens that they carry."""
    rows = {kind: matrix[positions] for kind, matrix in matrices.items()}
    return {kind: matrix[:, np.unique(matrix.indices)].tocsr() for kind, matrix in rows.items() if matrix.nnz}


def tied_sets(graph: SignalGraph, sets: list[Ints], p: SplitParameters) -> list[tuple[int, int]]:
    """Return which of several disjoint sets are tied to each other by more than wording, as pairs of their numbers."""
    members = np.sort(np.concatenate(sets)) if sets else np.zeros(0, np.int64)
    matrices = _matrices(graph, members) if members.size else {}
    if not matrices:
        return []
    groups = [_Group.of(np.searchsorted(members, one), matrices) for one in sets]
    judge = _Judge(graph, members, matrices, p)
    rank = np.argsort(np.argsort([-group.size for group in groups], kind="stable"))
    pairs = sorted(_meeting(members, sets, matrices), key=lambda pair: (rank[pair[1]], rank[pair[0]]))
    return [(a, b) for a, b in pairs if judge.tied(groups[a], groups[b])]


def _meeting(members: Ints, sets: list[Ints], matrices: Matrices) -> list[tuple[int, int]]:
    """Pairs of sets, by number, that have any token in common: no others can be tied."""
    of_set = np.repeat(np.arange(len(sets)), [one.size for one in sets])
    place = np.searchsorted(members, np.concatenate(sets))
    sums = sparse.csr_array((np.ones(place.size), (of_set, place)), shape=(len(sets), members.size))
    carried = sums @ sparse.hstack(list(matrices.values()), format="csr")
    common = sparse.triu(carried @ carried.T, k=1).tocoo()
    return list(zip(common.row.tolist(), common.col.tolist(), strict=True))
