"""Look up a few requests behind each cluster: the texts that make its skeletons, and the tools they carried."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from distillscan.columns import CARRIED
from distillscan.detect.detectors.template_uniformity import TemplateUniformityParameters
from distillscan.parameters import Parameters
from distillscan.privacy.redaction import Redaction
from distillscan.profile.batch import split_pointer
from distillscan.read import Log
from distillscan.report.describe import TEXTS_COMPARED, cluster_templates, describe, exemplars
from distillscan.report.skeleton import SLOT, skeleton
from distillscan.report.tools import carried
from distillscan.result import Cluster, Template
from distillscan.score import ScoredCluster

#: Clusters, best first, whose skeletons are looked up: each look-up reads the input again in places.
SKELETONS_FOR: Final = 25


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A template of a cluster and the requests to look up for it.

    Attributes:
        place: The cluster's place among the scored ones, from 0.
        template: Without its skeleton.
        rows: ``account``, ``raw``, ``pointer``; None if nothing is looked up.
    """

    place: int
    template: Template
    rows: pl.DataFrame | None


def describe_clusters(
    scored: Sequence[ScoredCluster], log: Log, parameters: Parameters, redaction: Redaction, *, prompts: bool
) -> tuple[Cluster, ...]:
    """Describe the clusters as the report shows them; the log is read once more for their exemplars.

    Args:
        scored: The clusters, best first.
        log: The log they were found in.
        parameters: Of the run.
        redaction: How texts may be redaction.
        prompts: Whether words of prompts may be redaction.
    """
    k = parameters.privacy.shared_by
    wanted = _wanted(scored, parameters, prompts=prompts)
    texts, held = _look_up(log, [one.rows for one in wanted if one.rows is not None])
    templates = _with_skeletons(wanted, texts, k, redaction)
    carried_by_place = _carried(held, wanted, k, redaction)
    described = []
    for place, one in enumerate(scored):
        named = replace(one, cluster_id=redaction.cluster_id(one.cluster_id))
        cluster = describe(named, place + 1, tuple(templates.get(place, ())))
        capabilities = {**cluster.capabilities, **carried_by_place.get(place, {})}
        described.append(replace(cluster, capabilities=capabilities))
    return tuple(described)


def _wanted(scored: Sequence[ScoredCluster], parameters: Parameters, *, prompts: bool) -> list[_Wanted]:
    p = parameters.detectors.get("template_uniformity", TemplateUniformityParameters())
    most = max(TEXTS_COMPARED, 2 * parameters.privacy.shared_by - 1)
    wanted = []
    for place, one in enumerate(scored):
        for kind, template in cluster_templates(one, p):
            looked_up = prompts and place < SKELETONS_FOR
            rows = exemplars(one, kind, template, p, most) if looked_up else None
            wanted.append(_Wanted(place, template, rows))
    return wanted


def _look_up(log: Log, wanted: Sequence[pl.DataFrame]) -> tuple[dict[tuple[str, int], str | None], pl.DataFrame]:
    """The texts at the pointers, by column and pointer; and what those requests carried, of what the log tells."""
    beside = [name for name in CARRIED if name in log.columns]
    if not wanted:
        return {}, pl.DataFrame(schema={"pointer": pl.UInt64})
    pointers = pl.concat([rows.select("pointer") for rows in wanted]).unique().sort("pointer")
    located = pointers.select("pointer", *split_pointer())
    rows = log.fetch(located.select("source", "row"), ["prompt", "system_prompt", *beside])
    joined = located.join(rows, on=["source", "row"], how="left")
    texts = {
        (column, pointer): text
        for column in ("prompt", "system_prompt")
        for pointer, text in joined.select("pointer", column).iter_rows()
    }
    return texts, joined.select("pointer", *beside)


def _with_skeletons(
    wanted: Sequence[_Wanted], texts: dict[tuple[str, int], str | None], k: int, redaction: Redaction
) -> dict[int, list[Template]]:
    """The templates of each cluster, by its place, with their skeletons."""
    skeletons = []
    for one in wanted:
        pointers = [] if one.rows is None else one.rows["pointer"].to_list()
        found = [texts[one.template.where, pointer] for pointer in pointers]
        skeletons.append(skeleton([text for text in found if text is not None], k))
    templates: dict[int, list[Template]] = {}
    for one, text in zip(wanted, redaction.texts(skeletons), strict=True):
        listed = templates.setdefault(one.place, [])
        # One text may fall into two templates whose shingles rarely meet in a sketch: it is shown once.
        if text == SLOT or text not in {template.skeleton for template in listed}:
            listed.append(replace(one.template, skeleton=text))
    return templates


def _carried(held: pl.DataFrame, wanted: Sequence[_Wanted], k: int, redaction: Redaction) -> dict[int, dict[str, Any]]:
    """What the requests that were looked up for each cluster carried beside their words, by the cluster's place."""
    rows: dict[int, list[pl.DataFrame]] = {}
    for one in wanted:
        if one.rows is not None:
            rows.setdefault(one.place, []).append(one.rows.select("account", "pointer"))
    return {
        place: carried(pl.concat(parts).unique().join(held, on="pointer"), k, redaction.texts)
        for place, parts in rows.items()
    }
