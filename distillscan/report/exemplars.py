"""Look up a few requests behind each cluster: the texts that make its skeletons, and the tools they carried."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

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

_NO_TEXTS: Final = pl.Schema({"account": pl.UInt64(), "raw": pl.UInt64(), "pointer": pl.UInt64()}).to_frame()
#: A template without its skeleton, and the requests to look up for it: ``account``, ``raw``, ``pointer``.
_Wanted = tuple[Template, pl.DataFrame]


def describe_clusters(
    scored: Sequence[ScoredCluster], log: Log, parameters: Parameters, redaction: Redaction, *, prompts: bool
) -> Iterator[Cluster]:
    """Describe the clusters, best first, as the report shows them; the log is read once more for their exemplars.

    No words of prompts are looked up or shown without ``prompts``.
    """
    k = parameters.privacy.shared_by
    wanted = [_wanted(one, parameters, look_up=prompts and i < SKELETONS_FOR) for i, one in enumerate(scored)]
    held = _look_up(log, wanted)
    skeletons = iter(
        redaction.texts(
            [skeleton(rows[template.where].drop_nulls().to_list(), k) for found in held for template, rows in found]
        )
    )
    for rank, (one, found) in enumerate(zip(scored, held, strict=True), 1):
        named = replace(one, cluster_id=redaction.cluster_id(one.cluster_id))
        templates: list[Template] = []
        for template, _ in found:
            text = next(skeletons)
            # One text may fall into two templates whose shingles rarely meet in a sketch: it is shown once.
            if text == SLOT or text not in {listed.skeleton for listed in templates}:
                templates.append(replace(template, skeleton=text))
        cluster = describe(named, rank, tuple(templates))
        told = carried(pl.concat(rows for _, rows in found), k, redaction.texts) if found else {}
        yield replace(cluster, capabilities={**cluster.capabilities, **told})


def _wanted(one: ScoredCluster, parameters: Parameters, *, look_up: bool) -> list[_Wanted]:
    p = parameters.detectors.get("template_uniformity", TemplateUniformityParameters())
    most = max(TEXTS_COMPARED, 2 * parameters.privacy.shared_by - 1)
    return [
        (template, exemplars(one, kind, template, p, most) if look_up else _NO_TEXTS)
        for kind, template in cluster_templates(one, p)
    ]


def _look_up(log: Log, wanted: Sequence[Sequence[_Wanted]]) -> list[list[_Wanted]]:
    """Add the texts at the pointers, and what those requests carried, of what the log tells."""
    frames = [rows.select("pointer") for found in wanted for _, rows in found]
    located = pl.concat([_NO_TEXTS.select("pointer"), *frames]).unique().sort("pointer")
    located = located.select("pointer", *split_pointer())
    columns = ["prompt", "system_prompt", *(name for name in CARRIED if name in log.columns)]
    fetched = log.fetch(located, columns)
    held = located.join(fetched, on=["source", "row"], how="left").select("pointer", *columns)
    return [
        [(template, rows.join(held, on="pointer", how="left", maintain_order="left")) for template, rows in found]
        for found in wanted
    ]
