"""Split a candidate that holds several operators: parts that share only accidents are judged apart.

Refinement asks whether an account carries *any* characteristic token of a cause, so two campaigns that an accident
joins (one network, one mail domain, sign-ups in the same hours) fit one candidate as well as two. Here the candidate's
accounts and tokens are divided into communities; communities stay together if, for one strong kind of token, they use
the same tokens in much the same proportions (cosine), or for two weaker kinds.
"""

import graspologic_native as native
import numpy as np
from scipy import sparse

from distillscan.cluster.seeds import LINKING
from distillscan.parameters import ClusterParameters
from distillscan.population import Floats, Ints, SignalGraph

#: Kinds that hold parts together alone, and those of which it takes two.
STRONG = ("template", "payment", "device", "api_key", "session", "ip")
WEAK = ("system_template", "ip_prefix", "signup", "email_domain")


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


def _alike(matrices: dict[str, "sparse.csr_array"], one: Ints, other: Ints, threshold: float) -> bool:
    def close(kind: str) -> bool:
        if kind not in matrices:
            return False
        a, b = _rates(matrices[kind], one), _rates(matrices[kind], other)
        norm = float(np.linalg.norm(a) * np.linalg.norm(b))
        return norm > 0 and float(a @ b) >= threshold * norm

    return any(close(kind) for kind in STRONG) or sum(close(kind) for kind in WEAK) >= 2


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
        alike = [k for k, group in enumerate(groups) if _alike(matrices, group, part, p.alike)]
        joined = np.concatenate([part, *(groups[k] for k in alike)])
        groups = [group for k, group in enumerate(groups) if k not in alike]
        groups.append(joined)
    return [members[np.sort(group)] for group in groups]
