from pathlib import Path

import numpy as np
import polars as pl
import pytest

from distillscan.errors import InputError
from distillscan.simulate import Corpus, Simulation, load_corpus, load_scenario, simulate, world, write
from distillscan.simulate.corpus import Deck
from tests.support.places import SHARED

REAL = SHARED


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A tiny corpus in the shape of a real one."""
    pl.DataFrame(
        {
            "kind": ["real_user"] * 30 + ["other_abuse"] * 5,
            "prompt": [f"benign number {at}" for at in range(29)] + ["x" * 30_000] + ["abuse"] * 5,
        }
    ).write_parquet(tmp_path / "benign_prompts.parquet")
    pl.DataFrame(
        {"template": ["t1"] * 10 + ["t2"] * 10, "prompt": [f"job {at // 10} item {at}" for at in range(20)]}
    ).write_parquet(tmp_path / "p3_templates.parquet")
    pl.DataFrame({"text": [f"manual {size} " + "m" * size for size in range(100, 4_000, 100)]}).write_parquet(
        tmp_path / "system_prompts.parquet"
    )
    pl.DataFrame(
        {"instruction": ["do a", "do b", "do c"], "input": ["", "with this", ""], "output": ["", "", ""]}
    ).write_parquet(tmp_path / "alpaca_en.parquet")
    for name, template in (
        ("self_instruct", "si_boot"),
        ("codealpaca_batch", "code20"),
        ("ultrafeedback", "uf_critique"),
    ):
        pl.DataFrame(
            {
                "template_id": [template] * 20,
                "system": [None] * 19 + ["harvest"],
                "prompt": [f"{template} task {at}" for at in range(20)],
            },
            schema={"template_id": pl.String, "system": pl.String, "prompt": pl.String},
        ).write_parquet(tmp_path / f"distill_{name}.parquet")
    pl.DataFrame({"source": ["a"], "prompt": ["b"]}).write_parquet(tmp_path / "distill_corpora.parquet")
    return tmp_path


@pytest.fixture
def corpus(folder: Path) -> Corpus:
    return load_corpus(folder)


def test_a_corpus_leaves_out_other_abuse_and_giants(corpus: Corpus) -> None:
    prompts = corpus.ordinary.cards["prompt"]
    assert len(prompts) == 29 + 3
    assert "abuse" not in prompts
    assert set(corpus.instructions.cards["prompt"]) == {"do a", "do b\n\nwith this", "do c"}
    assert [group.to_list()[0] for group in corpus.templates] == ["job 0 item 0", "job 1 item 10"]


def test_pipelines_are_known_by_file_and_by_template(corpus: Corpus) -> None:
    assert sorted(corpus.pipelines) == [
        "code20",
        "codealpaca_batch",
        "self_instruct",
        "si_boot",
        "uf_critique",
        "ultrafeedback",
    ]
    assert corpus.pipeline("absent", "code20").cards.height == 20
    with pytest.raises(InputError, match=r"^The corpus has no distillation pipeline named x or y; it has: code20, "):
        corpus.pipeline("x", "y")


def test_a_deck_uses_every_card_before_it_repeats_one() -> None:
    deck = Deck(pl.DataFrame({"prompt": ["a", "b", "c"]}))
    rng = np.random.default_rng(1)
    drawn = [*deck.deal(rng, 2), *deck.deal(rng, 5)]
    assert sorted(drawn[:3]) == sorted(drawn[3:6]) == ["a", "b", "c"]
    assert deck.deal(rng, 0).to_list() == []


def test_a_manual_is_one_of_the_nearest_in_size(corpus: Corpus) -> None:
    assert 1_400 <= len(corpus.agent_prompt(np.random.default_rng(1), 2_000)) <= 2_700


def test_batch_jobs_keep_to_one_template_and_leave_other_clients_alone(corpus: Corpus) -> None:
    client = np.array([0, 0, 1, 2])
    otherwise = {"prompt": pl.Series(["p"] * 4), "system_prompt": pl.Series(["s"] * 4)}
    rng = np.random.default_rng(1)
    jobs = corpus.batch_jobs(rng, client, corpus.shuffled_templates(rng), otherwise)
    assert jobs["prompt"][0][:5] == jobs["prompt"][1][:5] != jobs["prompt"][2][:5]
    assert jobs["prompt"][3] == "p"
    assert jobs["system_prompt"].to_list() == [None, None, None, "s"]


def test_a_log_takes_its_prompts_from_the_corpus(corpus: Corpus) -> None:
    made = simulate(load_scenario("default"), 4_000, 1, corpus)
    rows = made.log.join(made.labels, on="account_id")
    assert rows.filter(campaign="fanout_template")["prompt"].str.starts_with("si_boot task").all()
    assert rows.filter(campaign="release_pivot")["prompt"].str.starts_with("code20 task").all()
    assert rows.filter(cohort="ordinary")["prompt"].str.contains("benign number").sum() > 500
    assert rows.filter(cohort="ordinary")["prompt"].str.starts_with("job ").sum() > 50
    assert rows.filter(cohort="coding_client")["system_prompt"].str.starts_with("manual ").all()


def test_graders_take_the_corpus_annotation_prompts(corpus: Corpus) -> None:
    made = simulate(load_scenario("everything").only("grader", "eval_harness"), 2_000, 1, corpus)
    graded = made.log.join(made.labels.filter(campaign="grader"), on="account_id")
    assert graded["prompt"].str.starts_with("uf_critique task").all()


def test_the_same_corpus_twice_gives_the_same_log(corpus: Corpus) -> None:
    one, two = (simulate(load_scenario("small"), 1_500, 1, corpus) for _ in range(2))
    assert one.log.equals(two.log)


@pytest.mark.parametrize(
    "name", ["benign_prompts.parquet", "p3_templates.parquet", "system_prompts.parquet", "alpaca_en.parquet"]
)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(InputError) as caught:
        load_corpus(folder)
    assert str(caught.value) == (
        f"{folder} is not a usable corpus: missing {name}. Give a folder that holds all of them."
    )


def test_a_folder_without_pipelines_is_no_corpus(folder: Path) -> None:
    for path in folder.glob("distill_*"):
        path.unlink()
    with pytest.raises(InputError, match=r"missing distill_\*\.parquet\."):
        load_corpus(folder)


def test_a_missing_column_is_named_with_what_is_there(folder: Path) -> None:
    pl.DataFrame({"prompt": ["a"]}).write_parquet(folder / "benign_prompts.parquet")
    with pytest.raises(InputError, match=r"benign_prompts\.parquet has no column kind; it has prompt\.$"):
        load_corpus(folder)


def test_a_file_that_is_no_parquet_is_named(folder: Path) -> None:
    (folder / "alpaca_en.parquet").write_text("instruction,input\n")
    with pytest.raises(InputError, match=r"alpaca_en\.parquet cannot be read as Parquet: "):
        load_corpus(folder)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real corpus is not part of the project")
def test_the_real_corpus_loads_and_fills_a_log() -> None:
    made = simulate(load_scenario("default"), 20_000, 1, load_corpus(REAL))
    assert made.log.height == 20_000
    planted = made.log.join(made.labels.filter(campaign="release_pivot"), on="account_id")
    assert planted["prompt"].str.starts_with("You are asked to come up with").all()


def test_a_simulation_can_be_run_again(corpus: Corpus, tmp_path: Path) -> None:
    simulation = Simulation(load_scenario("small"), 1_500, 2, corpus)
    for name in ("a", "b"):
        write(simulation, tmp_path / f"{name}.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert (tmp_path / "a.labels.csv").read_bytes() == (tmp_path / "b.labels.csv").read_bytes()


def test_a_real_template_has_one_client_in_however_many_blocks(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "_BLOCK", 500)
    jobs = simulate(load_scenario("small"), 8_000, 1, corpus).log.filter(pl.col("prompt").str.starts_with("job "))
    clients = jobs.group_by(pl.col("prompt").str.slice(0, 5)).agg(pl.col("account_id").n_unique())
    assert dict(clients.iter_rows()) == {"job 0": 1, "job 1": 1}
