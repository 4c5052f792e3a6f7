"""The tables of what each detector finds alone, and of what is lost without a detector or a column."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.detection.measure import Measured
from benchmarks.detection.variants import ALONE, MISSING, WHOLE, Variant, detectors
from benchmarks.pages.markdown import middle, table, three
from distillscan.evaluate import Evaluation
from distillscan.result import Severity


@dataclass(frozen=True, slots=True)
class _Pooled:
    """Accounts over several logs: accused, rightly accused, and of campaigns."""

    accused: int
    right: int
    campaign: int

    @property
    def precision(self) -> str:
        return three(self.right / self.accused if self.accused else None)

    @property
    def recall(self) -> str:
        return three(self.right / self.campaign if self.campaign else None)


def _pool(evaluations: Iterable[Evaluation], severity: Severity) -> _Pooled:
    listed = list(evaluations)
    levels = [evaluation.level(severity) for evaluation in listed]
    return _Pooled(
        sum(level.accused for level in levels),
        sum(level.right for level in levels),
        sum(evaluation.coverage.campaign_accounts for evaluation in listed),
    )


def _ranking(evaluations: Iterable[Evaluation]) -> str:
    return middle((evaluation.ranking.average_precision for evaluation in evaluations), min)


def ablation(ablated: Measured) -> Iterator[str]:
    """Yield both tables and what to know of them; ``ablated`` holds logs that were analysed in every variant."""
    scenarios = list(dict.fromkeys(scenario for scenario, _ in ablated))
    on = f"on {', '.join(f'`{name}`' for name in scenarios)}, all logs together"
    yield "## Each detector alone"
    yield (
        f"Run with only that detector, {on}. By design one family of evidence never reaches `high`, nor even the "
        f"report. So the prior is set to −{ALONE:g} bits here, and a cluster counts if the detector alone gives it "
        f"{ALONE:g} bits or more. A detector that accuses nobody only corroborates what others find."
    )
    titles: tuple[str, ...] = ("detector", "accused", "right", "precision", "recall", "average precision")
    yield table(titles, (_alone(ablated, name) for name in detectors()))
    yield "## What is lost without a detector or a column"
    yield f"At high, {on}; recall also for each scenario."
    variants = {
        "everything there": WHOLE,
        **{f"without `{name}`": Variant(without=name) for name in detectors()},
        **{name: Variant(missing=name) for name in MISSING},
    }
    titles = ("variant", "accused", "precision", "recall", *(f"in `{s}`" for s in scenarios), "average precision")
    yield table(titles, ((shown, *_lost(ablated, variant, scenarios)) for shown, variant in variants.items()))
    yield "Columns taken away: " + "; ".join(f"{name}: {', '.join(c)}" for name, c in MISSING.items()) + "."


def _alone(ablated: Measured, detector: str) -> tuple[str, ...]:
    evaluations = [runs[Variant(only=detector)] for runs in ablated.values()]
    pooled = _pool(evaluations, "low")
    counts = (f"{pooled.accused:,}", f"{pooled.right:,}")
    return (f"`{detector}`", *counts, pooled.precision, pooled.recall, _ranking(evaluations))


def _lost(ablated: Measured, variant: Variant, scenarios: Sequence[str]) -> Iterator[str]:
    evaluations = {key: runs[variant] for key, runs in ablated.items()}
    pooled = _pool(evaluations.values(), "high")
    yield from (f"{pooled.accused:,}", pooled.precision, pooled.recall)
    for scenario in scenarios:
        yield _pool((e for (name, _), e in evaluations.items() if name == scenario), "high").recall
    yield _ranking(evaluations.values())
