"""End users behind a pool: languages, harnesses, user agents, and conversations dealt out over accounts."""

import numpy as np
import polars as pl
import pytest

from distillscan.simulate import parse_scenario, simulate
from distillscan.simulate.campaigns.serving import assign_accounts
from distillscan.simulate.clock import DAY
from distillscan.simulate.harnesses import MOST, load_harnesses
from distillscan.simulate.world import Lineup, World
from distillscan.simulate.writer import make_writer

#: What the profile takes for the beginning of a conversation.
HEAD = 256


def plant(kind: str, *options: str, rows: int = 3_000) -> pl.DataFrame:
    text = "\n".join([f"[[campaign]]\nkind = '{kind}'\nshare = 0.6\naccounts = 40\ndays = 20", *options])
    made = simulate(parse_scenario("x", text), rows, 6)
    return made.log.join(made.labels.drop_nulls("campaign"), on="account_id", maintain_order="left")


def test_prompts_of_a_conversation_keep_their_beginning_while_they_grow() -> None:
    frame = plant("relay").drop_nulls("session_id").sort("session_id", "timestamp", maintain_order=True)
    turns = frame.with_columns(earlier=pl.col("prompt").shift().over("session_id")).drop_nulls("earlier")
    grows = turns.filter(pl.col("prompt").str.len_bytes() > pl.col("earlier").str.len_bytes())
    assert grows.height > 0.95 * turns.height > 100
    kept = [now.startswith(f"{before}\n\n") for now, before in grows.select("prompt", "earlier").iter_rows()]
    assert np.mean(kept) > 0.97
    heads = frame.with_columns(head=pl.col("prompt").cast(pl.Binary).bin.slice(0, HEAD))
    long = heads.filter(pl.col("prompt").str.len_bytes() >= HEAD).group_by("session_id")
    found = long.agg(pl.len(), pl.col("head").n_unique(), pl.col("account_id").n_unique()).filter(pl.col("len") > 1)
    assert found.height >= 10
    assert (found["head"] == 1).mean() > 0.95  # type: ignore[operator]
    assert (found["account_id"] > 1).any()


@pytest.mark.parametrize("kind", ["relay", "hydra"])
def test_sticky_conversations_stay_with_one_account(kind: str) -> None:
    def hops(sticky: float) -> float:
        options = ["succession = 1"] if kind == "hydra" else []
        frame = plant(kind, f"sticky = {sticky}", *options).drop_nulls("session_id")
        groups = frame.group_by("session_id").agg(pl.len(), pl.col("account_id").n_unique()).filter(pl.col("len") > 3)
        return float((groups["account_id"] > 1).mean())  # type: ignore[arg-type]

    assert hops(1.0) < 0.15 < 0.9 < hops(0.0)


def test_deal_gives_every_account_a_request_and_keeps_sticky_conversations_together() -> None:
    session = np.repeat(np.arange(100), 10)
    dealt = assign_accounts(np.random.default_rng(1), session, 20, 1.0)
    assert set(dealt) == set(range(20))
    assert np.mean([np.unique(dealt[session == one]).size <= 2 for one in range(100)]) > 0.9
    loose = assign_accounts(np.random.default_rng(1), session, 20, 0.0)
    assert np.mean([np.unique(loose[session == one]).size for one in range(100)]) > 6
    assert sorted(assign_accounts(np.random.default_rng(1), np.arange(3), 8, 0.5)) != []


@pytest.mark.parametrize(("languages", "han", "cyrillic"), [(1, False, False), (3, True, False), (7, True, True)])
def test_end_users_speak_as_many_languages_as_asked(languages: int, han: bool, cyrillic: bool) -> None:
    said = plant("relay", f"languages = {languages}")["prompt"]
    assert (said.str.contains(r"\p{Han}").sum() > 20) == han
    assert (said.str.contains(r"\p{Cyrillic}").sum() > 20) == cyrillic


def test_several_harnesses_speak_through_one_account() -> None:
    frame = plant("relay", "harnesses = 4", "equipped = 0.8")
    per_account = frame.group_by("account_id").agg(pl.col("system_prompt").drop_nulls().n_unique())
    assert per_account["system_prompt"].median() >= 3  # type: ignore[operator]
    assert frame["system_prompt"].drop_nulls().n_unique() == 4
    assert 0.7 < frame["system_prompt"].count() / frame.height < 0.9
    assert plant("relay")["system_prompt"].null_count() == 1_800


@pytest.mark.parametrize("kind", ["relay", "hydra"])
def test_a_relay_shows_its_own_library_or_passes_programs_on(kind: str) -> None:
    options = ["harnesses = 3", "harvested = 0.3"] if kind == "hydra" else ["harnesses = 3"]
    own = plant(kind, *options)
    passed = plant(kind, *options, "agents = 'passed'")
    assert own["user_agent"].n_unique() == 1
    shown = passed.group_by("account_id").agg(pl.col("user_agent").n_unique())
    assert shown["user_agent"].median() >= 3  # type: ignore[operator]
    assert passed["user_agent"].str.starts_with("tern-code/").any()
    assert passed["user_agent"].str.starts_with("Mozilla/").any()
    assert passed["tls_fingerprint"].drop_nulls().n_unique() == 1
    assert (passed["user_agent"] == own["user_agent"][0]).any() == (kind == "hydra")


def test_hydra_customers_hold_conversations() -> None:
    frame = plant("hydra", "harvested = 0.2", "whole = true").drop_nulls("session_id")
    longest = frame.group_by("session_id").agg(pl.len(), grown=pl.col("prompt").str.len_bytes().max())
    assert longest["len"].max() > 4  # type: ignore[operator]
    held = longest.filter(pl.col("len") > 4)
    once = plant("hydra", "harvested = 0.2", "whole = false").drop_nulls("session_id")
    short = once.group_by("session_id").agg(pl.len(), grown=pl.col("prompt").str.len_bytes().max())
    assert held["grown"].median() > 1.5 * short.filter(pl.col("len") > 4)["grown"].median()  # type: ignore[operator]


def test_harnesses_are_the_same_for_everybody_in_a_world_and_differ_between_worlds() -> None:
    def known(seed: int) -> list[str]:
        world = World(seed, 1_000, 0, DAY, Lineup(), make_writer())
        return load_harnesses(world).system.to_list()

    assert known(1) == known(1)
    assert known(1) != known(2)
    assert len(set(known(1))) == MOST
    assert [text.partition(",")[0] for text in known(1)[:2]] == ["You are Tern Code", "You are Open Lathe"]


def test_relay_and_innocent_users_of_a_harness_send_the_same_prompt() -> None:
    text = """
    [[campaign]]
    kind = "relay"
    share = 0.3
    harnesses = 6
    [[cohort]]
    kind = "harness_users"
    share = 0.3
    """
    made = simulate(parse_scenario("x", text), 3_000, 2)
    rows = made.log.join(made.labels, on="account_id").drop_nulls("system_prompt")
    prompts = {
        cohort: set(rows.filter(cohort=cohort)["system_prompt"]) for cohort in ("relay", "harness_users", "ordinary")
    }
    assert prompts["relay"] == prompts["harness_users"]
    assert len(prompts["relay"]) == MOST
    assert prompts["relay"].isdisjoint(prompts["ordinary"])
