"""Split a candidate that holds several operators: parts that share only accidents are judged apart.

Refinement asks whether an account carries *any* characteristic token of a cause, so two campaigns that an accident
joins (one network, one mail domain, sign-ups in the same hours) fit one candidate as well as two. Here the candidate's
accounts and tokens are divided into communities; communities stay together if, for one strong kind of token, they use
the same tokens in much the same proportions (cosine), or for two weaker kinds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
    at_once: float = threshold(0.5, "share", "of the shorter time from which two parts are active at once")


def _matrices(graph: SignalGraph, members: Ints) -> dict[str, Any]:
    """Members by characteristic tokens, of the kinds that link accounts."""
    matrices = {}
    for kind in (kind for kind in graph.kinds.values() if kind.seeding):
        tokens = graph.characteristic(kind.name, members)
        if tokens.size:
            matrices[kind.name] = graph.matrix(kind.name)[members][:, tokens].tocsr()
    return matrices


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
        carrying: Kind to members with any token.
        stated: Kind to members of which the log says anything.
        tokens: Kind to a number with a bit for every token that a member carries.
    """

    positions: Ints
    use: Mapping[str, Floats]
    carrying: Mapping[str, int]
    stated: Mapping[str, int]
    tokens: Mapping[str, int]

    @property
    def size(self) -> int:
        return self.positions.size

    def __add__(self, other: "_Group") -> "_Group":
        return _Group(
            np.concatenate([self.positions, other.positions]),
            {kind: use + other.use[kind] for kind, use in self.use.items()},
            {kind: count + other.carrying[kind] for kind, count in self.carrying.items()},
            {kind: count + other.stated[kind] for kind, count in self.stated.items()},
            {kind: tokens | other.tokens[kind] for kind, tokens in self.tokens.items()},
        )

    def share(self, kind: str) -> float:
        """The share of members that carry any token of a kind."""
        return self.carrying[kind] / self.size


def _groups(label: Ints, matrices: Matrices, stated: Mapping[str, Mask]) -> list[_Group]:
    """The communities as groups, largest first."""
    groups = []
    for positions in sorted(positions_by_label(label), key=len, reverse=True):
        rows = {kind: matrix[positions] for kind, matrix in matrices.items()}
        groups.append(
            _Group(
                positions,
                {kind: np.asarray(matrix.sum(axis=0), np.float64).ravel() for kind, matrix in rows.items()},
                {kind: int(np.count_nonzero(np.diff(matrix.indptr))) for kind, matrix in rows.items()},
                {kind: int(np.count_nonzero(mask[positions])) for kind, mask in stated.items()},
                {kind: sum(1 << token for token in set(matrix.indices.tolist())) for kind, matrix in rows.items()},
            )
        )
    return groups


def _cosine(kind: str, one: _Group, other: _Group) -> float:
    """How alike two groups use the tokens of a kind, 0 if either uses none."""
    if kind not in one.use:
        return 0.0
    a, b = one.use[kind], other.use[kind]
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norm if norm > 0 else 0.0


def _declares(stated: Hashes, others: Hashes, p: SplitParameters) -> bool:
    """Whether most of ``stated`` (hashes, 0 where nothing is stated) are one value that hardly any of ``others`` is."""
    values, counts = np.unique(stated[stated != 0], return_counts=True)
    if stated.size < _DECLARED_ACCOUNTS or values.size == 0 or counts.max() < p.declared_share * stated.size:
        return False
    return bool(np.mean(others != values[np.argmax(counts)]) >= p.declared_share)


class _Judge:
    """Decides whether two groups of these members look like one operator's."""

    def __init__(self, graph: SignalGraph, members: Ints, p: SplitParameters) -> None:
        self.p = p
        self._kinds = graph.declared
        self._first, self._last = (hours[members] for hours in graph.population.active_hours)
        self._declared = {entity: graph.population.dominant(entity)[members] for entity in _DECLARING}

    def tied(self, one: _Group, other: _Group) -> bool:
        """Whether two groups meet, or use any strong kind but wording, or two weak ones, alike."""
        return self._bound(one, other) and not self._strangers(one, other, _OWNERS)

    def alike(self, one: _Group, other: _Group) -> bool:
        """Whether two groups are tied, or use the same wording, accidents of a published wording apart."""
        if self._bound(one, other):
            return not self._strangers(one, other, _OWNERS)
        return self._same_wording(one, other) and not self._strangers(one, other, _DECLARING)

    def nearness(self, one: _Group, other: _Group) -> float:
        """The largest cosine of two groups over the strong kinds."""
        strong = (kind.name for kind in self._kinds.values() if kind.merge_strength == "strong")
        return max((_cosine(kind, one, other) for kind in strong), default=0.0)

    def _strangers(self, one: _Group, other: _Group, entities: Sequence[str]) -> bool:
        """Whether one group openly belongs to somebody to whom hardly anybody of the other does."""
        declared = [self._declared[entity] for entity in entities]
        pairs = ((one.positions, other.positions), (other.positions, one.positions))
        return any(_declares(stated[a], stated[b], self.p) for stated in declared for a, b in pairs)

    def _shared(self, one: _Group, other: _Group) -> list[Kind]:
        """The kinds of which both carry a token: in all others the two have nothing to be compared by."""
        return [self._kinds[kind] for kind, tokens in one.tokens.items() if tokens & other.tokens[kind]]

    def _bound(self, one: _Group, other: _Group) -> bool:
        """Whether two groups are tied by kinds that they share, whatever they declare."""
        shared = self._shared(one, other)
        strong = [kind for kind in shared if kind.merge_strength == "strong" and kind.cause != WORDING]
        weak = [kind for kind in shared if kind.merge_strength == "weak"]
        return (
            any(kind.low_degree and self._meet(kind.name, one, other) for kind in shared)
            or any(self._close(kind.name, one, other) for kind in strong)
            or sum(self._close(kind.name, one, other) for kind in weak) >= self.p.weak_kinds
        )

    def _habitual(self, kind: str, one: _Group, other: _Group) -> bool:
        """Whether enough members of both groups carry tokens of the kind: what a few do says nothing of the rest."""
        return min(one.carrying[kind] / one.size, other.carrying[kind] / other.size) >= self.p.habit

    def _close(self, kind: str, one: _Group, other: _Group) -> bool:
        return self._habitual(kind, one, other) and _cosine(kind, one, other) >= self.p.alike

    def _meet(self, kind: str, one: _Group, other: _Group) -> bool:
        """Whether two groups meet on tokens that join a few accounts each: parts of one pool do so all over."""
        common = (one.tokens[kind] & other.tokens[kind]).bit_count()
        fewer = min(one.tokens[kind].bit_count(), other.tokens[kind].bit_count())
        return common >= max(_MEETINGS, _MEETING_SHARE * fewer) and self._habitual(kind, one, other)

    def _same_wording(self, one: _Group, other: _Group) -> bool:
        """Whether two groups use the same wording, and not as two operators of one published pipeline do.

        The same wording over separate pools at the same time is a published pipeline that two operators run, or an
        application that a campaign copies; one pool after the other is one operator that was banned.
        """
        worded = [k.name for k in self._shared(one, other) if k.merge_strength == "strong" and k.cause == WORDING]
        if not any(self._close(kind, one, other) for kind in worded):
            return False
        if any(self._kinds[kind].low_degree and self._pairs_apart(kind, one, other) for kind in one.use):
            return False
        known = all(group.stated[kind] >= self.p.mostly * group.size for group in (one, other) for kind in group.stated)
        return not (known and self._separate(one, other) and self._at_once(one, other))

    def _pairs_apart(self, kind: str, one: _Group, other: _Group) -> bool:
        """Whether one group hands on conversations within itself, and the other, of the same wording, takes no part."""
        few, many = sorted((one.share(kind), other.share(kind)))
        return not one.tokens[kind] & other.tokens[kind] and many >= self.p.mostly and few <= 1 - self.p.mostly

    def _separate(self, one: _Group, other: _Group) -> bool:
        """Whether at least one group lives on a pool or on cards of which the other, though known, has nothing."""
        kinds = [kind for kind in one.stated if kind in one.use]
        apart = all(_cosine(kind, one, other) <= _SEPARATE for kind in kinds)
        return apart and any(group.share(kind) >= self.p.mostly for kind in kinds for group in (one, other))

    def _at_once(self, one: _Group, other: _Group) -> bool:
        """Whether two groups are active over the same days, rather than one after the other."""
        tail, positions = _SPAN_TAIL, (one.positions, other.positions)
        begin = [float(np.quantile(self._first[group], tail)) for group in positions]
        end = [float(np.quantile(self._last[group], 1 - tail)) for group in positions]
        common = min(end) - max(begin)
        return common > self.p.at_once * min(e - b for b, e in zip(begin, end, strict=True))


def _merged(parts: list[_Group], judge: _Judge) -> list[_Group]:
    """Put parts that are alike together; scraps join a group or stay alone, but never found one.

    What is tied by more than wording comes together first: two parts of one pool may be of different minds about a
    third that is merely worded alike.
    """
    groups = [part for part in parts if any(part.carrying.values())]
    bare = [part for part in parts if not any(part.carrying.values())]
    for test in (judge.tied, judge.alike):
        merged: list[_Group] = []
        for part in sorted(groups, key=lambda group: (-group.size, int(group.positions[0]))):
            merged = _take_in(merged, part, test, judge)
        groups = merged
    least = _SCRAP if len(groups) > 1 else 0
    whole = [group for group in groups if group.size >= least]
    for test in (judge.tied, judge.alike):
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


def _stated(graph: SignalGraph, members: Ints) -> dict[str, Mask]:
    """Of each kind that distinguishes operators, the members of which the log says anything."""
    of_kind = {}
    for kind in (kind for kind in graph.declared.values() if kind.distinguishes_operators):
        stated = [graph.population.states(entity)[members] for entity in kind.observable_through]
        carried = [graph.carries_any(kind.name)[members]] if kind.name in graph.kinds else []
        of_kind[kind.name] = np.logical_or.reduce([np.zeros(members.size, np.bool_), *stated, *carried])
    return of_kind


def split(graph: SignalGraph, members: Ints, p: SplitParameters) -> list[Ints]:
    """Return the parts of a candidate that belong together; the whole as the only part if there is nothing to split."""
    matrices = _matrices(graph, members)
    if not matrices:
        return [members]
    label = _parts(matrices, graph.kinds, p.resolution)
    stated = _stated(graph, members)
    parts = []
    for part in _connected(matrices):
        if np.all(label[part] == label[part[0]]):
            parts.append(members[part])
            continue
        groups = _groups(label[part], _rows(matrices, part), {kind: mask[part] for kind, mask in stated.items()})
        merged = _merged(groups, _Judge(graph, members[part], p))
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
    label = np.zeros(members.size, np.int64)
    for number, one in enumerate(sets):
        label[np.searchsorted(members, one)] = number
    groups = {int(label[g.positions[0]]): g for g in _groups(label, matrices, _stated(graph, members))}
    judge = _Judge(graph, members, p)
    return [(a, b) for b in groups for a in groups if a < b and judge.tied(groups[a], groups[b])]
