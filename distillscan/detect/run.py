"""Detect: run the detectors over a profile, and say of each what became of it."""

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from distillscan.detect.base import Detector
from distillscan.population.accounts import Population
from distillscan.population.graph import SIGNALS
from distillscan.result import DetectorRun, Status


@dataclass(frozen=True, slots=True)
class Detection:
    """The tokens of all detectors that ran, how each fared, and the ones that may go on to assess.

    Tokens are as in ``SIGNALS``, but that the kind is an enumeration: there are millions of them.
    """

    signals: pl.DataFrame
    runs: tuple[DetectorRun, ...]
    working: tuple[Detector, ...]


def missing(needs: Sequence[str], columns: frozenset[str]) -> list[str]:
    """Return the needs that the columns do not meet; ``a|b`` is met by either."""
    return [need for need in needs if not any(column in columns for column in need.split("|"))]


def checked_signals(detector: Detector, signals: pl.DataFrame, population: Population) -> pl.DataFrame:
    """Return a detector's signals in their types.

    Raises:
        ValueError: They hold nulls or negative strengths, name strangers, or are of kinds the detector did not declare.
    """
    signals = signals.select(pl.col(name).cast(dtype) for name, dtype in SIGNALS.items())
    if sum(signals.null_count().row(0)):
        raise ValueError("signals hold nulls")
    if not (signals["strength"].is_finite() & (signals["strength"] >= 0)).all():
        raise ValueError("signals have strengths that are no share")
    undeclared = set(signals["kind"].unique()) - {kind.name for kind in detector.kinds}
    if undeclared:
        raise ValueError(f"signals are of kinds that are not declared: {', '.join(sorted(undeclared))}")
    strangers = signals.join(population.profile.accounts, on="account", how="anti").height
    if strangers:
        raise ValueError(f"{strangers} signals name accounts that are not in the profile")
    return signals


def failure(error: BaseException) -> str:
    """Return what failed and where, in one line without paths of this machine."""
    text = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
    places = traceback.extract_tb(error.__traceback__)
    return f"{text} (in {places[-1].name}, line {places[-1].lineno})" if places else text


def without(detection: Detection, name: str, error: BaseException | None) -> Detection:
    """Return the detection less a detector that failed afterwards, its failure reported."""
    reason = failure(error) if error is not None else "failed"
    runs = tuple(replace(run, status="error", reason=reason) if run.name == name else run for run in detection.runs)
    return replace(detection, runs=runs, working=tuple(d for d in detection.working if d.name != name))


def detect(population: Population, detectors: Sequence[Detector], settings: Mapping[str, Any]) -> Detection:
    """Run every detector whose columns are there. One that fails is reported, and the others run all the same."""
    kind = pl.col("kind").cast(pl.Enum(sorted({kind.name for detector in detectors for kind in detector.kinds})))
    parts, runs, working = [SIGNALS.to_frame().with_columns(kind)], [], []
    for detector in detectors:
        status, reason, signals = _run(detector, population, settings[detector.name])
        runs.append(DetectorRun(detector.name, detector.version, status, reason, detector.needs, detector.summary))
        if status == "ok":
            parts.append(signals.with_columns(kind))
            working.append(detector)
    return Detection(pl.concat(parts).sort("kind", "account", "token"), tuple(runs), tuple(working))


def _run(detector: Detector, population: Population, parameters: Any) -> tuple[Status, str, pl.DataFrame]:
    """What became of a detector, why, and its signals."""
    if lacking := missing(detector.needs, population.profile.columns):
        needed = "; ".join(need.replace("|", " or ") for need in lacking)
        return "skipped", f"needs {needed}", SIGNALS.to_frame()
    try:
        return "ok", "", checked_signals(detector, detector.signals(population, parameters), population)
    except Exception as error:
        return "error", failure(error), SIGNALS.to_frame()
