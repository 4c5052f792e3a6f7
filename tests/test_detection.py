"""Detection on logs composed from real prompts, and on the sample logs: campaigns found, innocents left alone."""

from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from distillscan import analyze
from distillscan.result import Result
from distillscan.simulate import load_corpus, load_scenario, simulate, write
from tests.support.places import ROOT

CORPUS = ROOT.parent / "shared" / "data"
SAMPLES = ROOT / "sample_logs"


def accused(result: Result) -> set[str]:
    return {name for c in result.clusters if c.severity in ("high", "critical") for name in c.account_ids}


def planted(labels: pl.DataFrame) -> dict[str, set[str]]:
    rows = labels.filter(pl.col("campaign").is_not_null()).select("campaign", "account_id").iter_rows()
    found: dict[str, set[str]] = {}
    for campaign, account in rows:
        found.setdefault(campaign, set()).add(account)
    return found


def recall(result: Result, labels: pl.DataFrame) -> dict[str, float]:
    names = accused(result)
    return {campaign: len(accounts & names) / len(accounts) for campaign, accounts in planted(labels).items()}


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real prompts is not part of the repository")
@pytest.mark.parametrize("seed", [1, 2])
def test_campaigns_of_real_pipelines_are_found_among_real_prompts(seed: int, tmp_path: Path) -> None:
    simulated = simulate(load_scenario("default"), 200_000, seed, load_corpus(CORPUS))
    write(simulated, tmp_path / "log.parquet")
    result = analyze(tmp_path / "log.parquet").result
    assert result.population.requests >= 200_000
    assert min(recall(result, simulated.labels).values()) >= 0.95
    guilty = set().union(*planted(simulated.labels).values())
    assert accused(result) <= guilty


@pytest.mark.parametrize("seed", [11, 12])
def test_innocent_look_alikes_are_never_accused(seed: int, tmp_path: Path) -> None:
    simulated = simulate(load_scenario("innocent"), 60_000, seed)
    write(simulated, tmp_path / "log.parquet")
    result = analyze(tmp_path / "log.parquet").result
    cohort = dict(simulated.labels.select("account_id", "cohort").iter_rows())
    assert Counter(cohort[name] for name in accused(result)) == {}


@pytest.mark.parametrize("name", ["default.parquet", "small.csv"])
def test_the_sample_logs_tell_their_campaigns(name: str) -> None:
    path = SAMPLES / name
    labels = pl.read_csv(path.with_suffix(".labels.csv"), infer_schema=False)
    campaigns = planted(labels)
    result = analyze(path).result
    # The planted campaigns rank above everything else, and nobody innocent is accused.
    first = [set(c.account_ids) for c in result.clusters[: len(campaigns)]]
    for campaign, accounts in campaigns.items():
        assert max(len(accounts & members) / len(accounts | members) for members in first) >= 0.8, campaign
    assert accused(result) <= set().union(*campaigns.values())
    # Seven requests an account are too little to call the smallest sample a harvest.
    assert min(recall(result, labels).values()) >= (0.8 if name == "default.parquet" else 0)


def test_samples_are_small() -> None:
    assert sum(file.stat().st_size for file in SAMPLES.iterdir()) < 3_000_000
