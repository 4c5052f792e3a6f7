"""Split a candidate that holds several operators: parts that share only accidents are judged apart.

Refinement asks whether an account carries *any* characteristic token of a cause, so two campaigns that an accident
joins (one network, one mail domain, sign-ups in the same hours) fit one candidate as well as two. Here the candidate's
accounts and tokens are divided into communities; communities stay together if, for one strong kind of token, they use
the same tokens in much the same proportions (cosine), or for two weaker kinds.
"""

from collections.abc import Callable

import graspologic_native as native
import numpy as np
import polars as pl
from scipy import sparse

from distillscan.cluster.seeds import LINKING
from distillscan.parameters import ClusterParameters
from distillscan.population import Floats, Ints, Mask, SignalGraph

#: Kinds that hold parts together alone, and those of which it takes two.
STRONG = ("template", "payment", "device", "api_key", "session", "ip")
WEAK = ("system_template", "ip_prefix", "signup", "email_domain")
#: Kinds that two operators of the same published pipeline do not share, with the cosine up to which they do not.
SEPARATE = {"ip": 0.1, "payment": 0.1}
#: Share of a part's members from which a pool or cards are the part's way of working.
MOSTLY = 0.5
#: Size of a part against a group's from which it may join the group to others.
BRIDGE = 0.25


def _tokens(graph: SignalGraph, members: Ints, lift: float) -> dict[str, "sparse.csr_array"]:
    """Kind to members by characteristic tokens."""
    found = {}
    for kind in LINKING:
        if kind in graph.kinds:
            tokens = graph.characteristic(kind, members, lift)
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


def _rates(matrix: "sparse.csr_array", members: Ints) -> Floats:
    return np.asarray(matrix[members].sum(axis=0), np.float64).ravel()


def _cosine(matrices: dict[str, "sparse.csr_array"], kind: str, one: Ints, other: Ints) -> float | None:
    """How alike two parts use the tokens of a kind, None if either uses none."""
    if kind not in matrices:
        return None
    a, b = _rates(matrices[kind], one), _rates(matrices[kind], other)
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norm if norm > 0 else None


def _at_once(graph: SignalGraph, one: Ints, other: Ints) -> bool:
    """Whether two sets of accounts (numbers) are active over the same days, rather than one after the other."""
    hour = pl.col("first", "last").dt.epoch("s") / 3600
    first, last = (c.to_numpy() for c in graph.population.profile.accounts.select(hour).get_columns())
    begin = [float(np.quantile(first[part], 0.1)) for part in (one, other)]
    end = [float(np.quantile(last[part], 0.9)) for part in (one, other)]
    common = min(end) - max(begin)
    return common > 0.5 * min(e - b for b, e in zip(begin, end, strict=True))


def _alike(
    graph: SignalGraph, members: Ints, matrices: dict[str, "sparse.csr_array"], one: Ints, other: Ints, threshold: float
) -> bool:
    """Whether two parts (positions in ``members``) look like one operator's."""
    cosine = {kind: _cosine(matrices, kind, one, other) for kind in (*STRONG, *WEAK)}
    close = {kind for kind, value in cosine.items() if value is not None and value >= threshold}
    if close & set(STRONG) - {"template"} or len(close & set(WEAK)) >= 2:
        return True
    if "template" not in close:
        return False
    # The same wording over separate pools at the same time is a published pipeline that two operators run, or an
    # application that a campaign copies; one pool after the other is one operator that was banned.
    known = all(np.mean(_stated(graph, kind)[members[part]]) >= MOSTLY for kind in SEPARATE for part in (one, other))
    apart = known and _separate(matrices, cosine, one, other)
    return not (apart and _at_once(graph, members[one], members[other]))


def _stated(graph: SignalGraph, kind: str) -> Mask:
    """Accounts of which the log says anything of this kind."""
    stated = graph.population.states(kind)
    return stated | graph.sharing(kind) if kind in graph.kinds else stated


def _separate(matrices: dict[str, "sparse.csr_array"], cosine: dict[str, float | None], one: Ints, other: Ints) -> bool:
    """Whether at least one part lives on a pool or on cards of which the other, though known, has nothing."""
    kinds = [kind for kind in SEPARATE if kind in matrices]
    if any((cosine[kind] or 0.0) > SEPARATE[kind] for kind in kinds):
        return False
    return any(_covered(matrices[kind], part) >= MOSTLY for kind in kinds for part in (one, other))


def _covered(matrix: "sparse.csr_array", part: Ints) -> float:
    """Share of a part's members that carry any token of the matrix."""
    return float(np.mean(np.asarray(matrix[part].sum(axis=1)).ravel() > 0))


def _nearness(matrices: dict[str, "sparse.csr_array"], one: Ints, other: Ints) -> float:
    """The largest cosine of two parts over the strong kinds."""
    return max((_cosine(matrices, kind, one, other) or 0.0) for kind in STRONG)


def _joined(groups: list[Ints], alike: Callable[[Ints, Ints], bool]) -> list[Ints]:
    """Join groups that are alike as wholes, until none are."""
    waiting, done = list(groups), []
    while waiting:
        one = waiting.pop(0)
        twin = next((k for k, other in enumerate(waiting) if alike(one, other)), None)
        if twin is None:
            done.append(one)
        else:
            waiting[twin] = np.concatenate([one, waiting[twin]])
    return done


def split(graph: SignalGraph, members: Ints, p: ClusterParameters) -> list[Ints]:
    """Return the parts of a candidate that belong together; the whole as the only part if there is nothing to split."""
    matrices = _tokens(graph, members, p.lift)
    if not matrices:
        return [members]
    label = _parts(matrices, p)
    names, sizes = np.unique(label, return_counts=True)
    parts = [np.flatnonzero(label == name) for name in names[np.lexsort((names, -sizes))]]
    groups: list[Ints] = []
    for part in parts:
        alike = [k for k, group in enumerate(groups) if _alike(graph, members, matrices, group, part, p.alike)]
        # A part of some size that is like several groups joins them; a small one made of leftovers of two operators
        # is like both as well, and goes to the nearest alone.
        joins = [k for k in alike if part.size >= BRIDGE * groups[k].size]
        joins = joins or sorted(alike, key=lambda k: (-_nearness(matrices, groups[k], part), k))[:1]
        joined = np.concatenate([part, *(groups[k] for k in joins)])
        groups = [group for k, group in enumerate(groups) if k not in joins]
        groups.append(joined)
    groups = _joined(groups, lambda one, other: _alike(graph, members, matrices, one, other, p.alike))
    return [members[np.sort(group)] for group in groups]
