"""Each campaign has the properties it is named for, and each evasion changes what it says it changes."""

import re
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from distillscan.simulate import parse_scenario, simulate
from distillscan.simulate.campaigns import CAMPAIGNS
from distillscan.simulate.campaigns.pool import split_size
from distillscan.simulate.grammar import load_rules
from distillscan.simulate.templates import reasoning_instructions, wordings
from distillscan.simulate.world import Size

RELEASE = datetime(2026, 4, 17, tzinfo=UTC)


def plant(kind: str, *options: str, rows: int = 6_000, share: float = 0.4) -> pl.DataFrame:
    """The requests of one campaign, with labels."""
    text = "\n".join([f"[[campaign]]\nkind = '{kind}'\nshare = {share}", "start_day = 4\ndays = 20", *options])
    made = simulate(parse_scenario("x", text), rows, 9)
    return made.log.join(made.labels.drop_nulls("campaign"), on="account_id", maintain_order="left")


def largest_group(frame: pl.DataFrame, column: str) -> int:
    """Most accounts that share one value of the column."""
    groups = frame.drop_nulls(column).group_by(column).agg(pl.col("account_id").n_unique())
    return int(groups["account_id"].max() or 0)  # type: ignore[arg-type]


def openings(frame: pl.DataFrame, chars: int = 60) -> pl.Series:
    """First characters of system prompt and prompt together."""
    both = pl.concat_str(pl.col("system_prompt").fill_null(""), "prompt")
    return frame.select(both.str.head(chars)).to_series()


@pytest.mark.parametrize("kind", [builder.kind for builder in CAMPAIGNS])
def test_every_campaign_fills_its_rows_days_and_accounts(kind: str) -> None:
    frame = plant(kind, "accounts = 40", rows=3_000)
    assert frame.height == 1_200
    assert 38 <= frame["account_id"].n_unique() <= 40
    assert frame["timestamp"].min() >= datetime(2026, 4, 5, tzinfo=UTC)  # type: ignore[operator]
    assert frame["timestamp"].max() < datetime(2026, 4, 25, tzinfo=UTC)  # type: ignore[operator]
    assert set(frame["operator"]) == {kind}
    assert (frame["account_created_at"] < frame["timestamp"]).all()


def test_fanout_uses_few_templates_with_the_slot_in_every_place() -> None:
    frame = plant("fanout_template")
    systems = frame.drop_nulls("system_prompt")
    assert systems["system_prompt"].n_unique() == 1
    assert 0.2 < systems.height / frame.height < 0.3
    asked = frame.filter(pl.col("system_prompt").is_null())["prompt"]
    assert (asked.str.head(60).value_counts()["count"] > 100).sum() == 2
    assert (asked.str.tail(40).value_counts()["count"] > 100).sum() == 2
    assert asked.n_unique() > 0.98 * len(asked)


def test_fanout_shares_payments_domains_proxies_and_program() -> None:
    frame = plant("fanout_template", "accounts = 60")
    assert largest_group(frame, "payment_id") in range(4, 25)
    assert largest_group(frame, "email_domain") > 5
    assert frame["ip"].n_unique() == 12
    assert (frame["user_agent"].n_unique(), frame["tls_fingerprint"].drop_nulls().n_unique()) == (1, 1)
    created = frame.unique("account_id")["account_created_at"]
    assert created.max() - created.min() < timedelta(hours=3)  # type: ignore[operator]
    assert datetime(2026, 4, 5, tzinfo=UTC) - created.min() < timedelta(days=11)  # type: ignore[operator]


def test_residential_gives_nearly_every_request_an_address_of_its_own() -> None:
    frame = plant("fanout_template", "residential = true")
    assert frame["ip"].n_unique() >= 0.95 * frame.height
    assert frame["asn"].n_unique() > 20


def test_a_proxy_can_be_told_which_country_to_come_from() -> None:
    anywhere, home = (plant("relay", "residential = true", f"own_country = {own}") for own in ("false", "true"))

    def countries(frame: pl.DataFrame) -> float:
        return float(frame.group_by("account_id").agg(pl.col("country").n_unique())["country"].mean())  # type: ignore[arg-type]

    assert countries(home) == 1
    assert countries(anywhere) > 8
    assert home["ip"].n_unique() >= 0.95 * home.height
    assert home["country"].n_unique() > 8


def test_distinct_payments_staggered_creation_free_mail_and_programs() -> None:
    frame = plant(
        "fanout_template",
        "accounts = 60",
        "distinct_payments = true",
        "staggered = true",
        "free_mail = true",
        "programs = 8",
    )
    people = frame.unique("account_id")
    assert people["payment_id"].n_unique() == 60
    assert people["account_created_at"].max() - people["account_created_at"].min() > timedelta(days=300)  # type: ignore[operator]
    assert (people["email_domain"] == "gmail.com").sum() > 15
    assert people["user_agent"].n_unique() == 8


def test_paraphrase_gives_many_wordings() -> None:
    plain = openings(plant("fanout_template", "templates = 2"), 40).value_counts()
    many = openings(plant("fanout_template", "templates = 2", "paraphrase = 80"), 40).value_counts()
    assert plain["count"].max() > 1_000  # type: ignore[operator]
    assert many["count"].max() < 300  # type: ignore[operator]


def test_cover_mixes_in_ordinary_prompts() -> None:
    frame = plant("fanout_template", "templates = 1", "cover = 0.5")
    assert openings(frame).value_counts()["count"].max() == pytest.approx(1_200, abs=120)


def test_jitter_makes_shares_unequal() -> None:
    even, uneven = (
        plant("fanout_template", "accounts = 50", f"jitter = {jitter}").group_by("account_id").len()["len"]
        for jitter in (0.0, 1.0)
    )
    assert even.max() - even.min() <= 1  # type: ignore[operator]
    assert uneven.std() > 15  # type: ignore[operator]


def test_mixed_pathways_use_every_kind_of_access() -> None:
    frame = plant("fanout_template", "mixed_pathways = true")
    assert set(frame["pathway"]) == {"web", "app", "api", "cloud"}
    assert frame.filter(pathway="cloud")["ip"].null_count() == frame.filter(pathway="cloud").height
    assert frame.unique("account_id")["plan"].n_unique() == 4


def test_the_second_pool_takes_over_within_hours_of_the_ban() -> None:
    frame = plant("injected_instruction", "accounts = 80")
    banned = frame.filter(status_code=403)
    ends = frame.group_by("account_id").agg(
        pl.col("timestamp").min().alias("starts"),
        pl.col("timestamp").max().alias("ends"),
        pl.col("status_code").sort_by("timestamp").last(),
    )
    one = ends.filter(pl.col("starts") < datetime(2026, 4, 10, tzinfo=UTC))
    two = ends.filter(pl.col("starts") >= datetime(2026, 4, 10, tzinfo=UTC))
    assert (one.height, two.height) == (48, 32)
    assert (one["status_code"] == 403).all()
    assert banned["account_id"].n_unique() >= 48
    gap = two["starts"].min() - one["ends"].min()  # type: ignore[operator]
    assert timedelta(0) < gap < timedelta(hours=6)  # type: ignore[operator]


def test_the_instruction_is_the_same_in_both_pools_and_the_rest_varied() -> None:
    frame = plant("injected_instruction", "position = 'prefix'")
    said = frame["prompt"].str.split("\n\n").list.first()
    assert said.n_unique() == 1
    rest = frame["prompt"].str.split("\n\n").list.last()
    assert rest.n_unique() > 0.9 * frame.height


@pytest.mark.parametrize("position", ["suffix", "system"])
def test_the_instruction_can_stand_elsewhere(position: str) -> None:
    frame = plant("injected_instruction", f"position = '{position}'", "banned_after = 1.0")
    said = frame["system_prompt"] if position == "system" else frame["prompt"].str.split("\n\n").list.last()
    assert said.n_unique() == 1
    assert frame.filter(status_code=403).height < 10


def test_hydra_replaces_every_banned_account_at_once() -> None:
    frame = plant("hydra", "accounts = 60", "jitter = 0.0")
    spans = frame.group_by("account_id").agg(
        pl.col("timestamp").min().alias("starts"), pl.col("timestamp").max().alias("ends"),
        pl.col("account_created_at").first(), pl.col("status_code").sort_by("timestamp").last(),
    )  # fmt: skip
    later = spans.filter(pl.col("starts") > datetime(2026, 4, 6, tzinfo=UTC))
    assert later.height > 25
    assert (later["starts"] - later["account_created_at"]).median() < timedelta(days=1)  # type: ignore[operator]
    stopped = spans.filter(status_code=403)
    assert stopped.height > 30
    active = frame.group_by_dynamic("timestamp", every="1d").agg(pl.col("account_id").n_unique())["account_id"]
    assert active.max() < 40  # type: ignore[operator]


def test_hydra_mixes_the_campaign_with_customers() -> None:
    frame = plant("hydra", "templates = 1", "accounts = 40")
    top = frame["prompt"].str.head(50).value_counts(sort=True)["count"][0]
    assert 0.3 < top / frame.height < 0.5
    mixed = frame.group_by("account_id").agg(pl.col("model").n_unique())
    assert mixed["model"].median() >= 3  # type: ignore[operator]


def test_relayed_conversations_hop_across_accounts() -> None:
    frame = plant("relay", "accounts = 60")
    hops = (
        frame.drop_nulls("session_id")
        .group_by("session_id")
        .agg(pl.len(), pl.col("account_id").n_unique())
        .filter(pl.col("len") > 3)
    )
    assert (hops["account_id"] > 1).mean() > 0.5  # type: ignore[operator]
    assert (hops["account_id"] == 1).mean() > 0.1  # type: ignore[operator]


def test_relay_speaks_many_languages_in_one_account_to_one_model() -> None:
    frame = plant("relay", "accounts = 30")
    scripts = frame.group_by("account_id").agg(
        pl.col("prompt").str.contains(r"\p{Han}").any().alias("zh"),
        pl.col("prompt").str.contains(r"\p{Cyrillic}").any().alias("ru"),
    )
    assert scripts["zh"].mean() > 0.9  # type: ignore[operator]
    assert scripts["ru"].mean() > 0.6  # type: ignore[operator]
    before = frame.filter(pl.col("timestamp") < RELEASE)
    assert before["model"].value_counts(sort=True)["count"][0] / before.height > 0.95
    assert frame["prompt"].n_unique() > 0.85 * frame.height


def test_relay_at_the_disclosed_rate_is_few_requests_a_day() -> None:
    frame = plant("relay", rows=20_000)
    assert frame.height / frame["account_id"].n_unique() / 20 == pytest.approx(5.6, rel=0.05)


def test_a_whole_log_repeats_and_grows_within_a_conversation() -> None:
    whole, last = (plant("relay", f"whole = {value}", rows=3_000) for value in ("true", "false"))
    assert whole["prompt"].str.len_chars().mean() > 1.8 * last["prompt"].str.len_chars().mean()  # type: ignore[operator]


def test_graders_send_reasoning_back_for_long_answers() -> None:
    frame = plant("grader")
    assert frame["prompt"].str.len_chars().median() > 400  # type: ignore[operator]
    assert (openings(frame).value_counts()["count"] > 400).sum() == 2
    assert frame.filter(status_code=200)["output_tokens"].median() > 700  # type: ignore[operator]


def test_half_of_the_pivot_moves_within_a_day() -> None:
    frame = plant("release_pivot", "accounts = 60")
    day = frame.filter(pl.col("timestamp").is_between(RELEASE, RELEASE + timedelta(days=1)))
    assert 0.4 < (day["model"] == "atlas-4").mean() < 0.6  # type: ignore[operator]
    assert set(frame.filter(pl.col("timestamp") < RELEASE)["model"]) == {"atlas-3"}


def test_synchronised_accounts_work_in_steps() -> None:
    frame = plant("synchronised", "accounts = 40", "jitter = 0.0")
    busy = frame.group_by(pl.col("timestamp").dt.truncate("5m")).agg(pl.col("account_id").n_unique())
    assert (busy["account_id"] >= 10).sum() >= 50
    counts = frame.group_by("account_id").len()["len"]
    assert counts.max() - counts.min() <= 1  # type: ignore[operator]


def test_replayed_sessions_and_signatures_are_shared_by_accounts() -> None:
    frame = plant("session_replay", "accounts = 40")
    assert largest_group(frame, "prompt") >= 2
    signed = (
        frame.drop_nulls("reasoning_signature").group_by("reasoning_signature").agg(pl.col("account_id").n_unique())
    )
    assert (signed["account_id"] > 1).mean() > 0.2  # type: ignore[operator]
    assert frame["system_prompt"].n_unique() == 1


def test_ordinary_signatures_stay_with_one_account(rows: pl.DataFrame) -> None:
    ordinary = rows.filter(pl.col("campaign").is_null()).drop_nulls("reasoning_signature")
    groups = ordinary.group_by("reasoning_signature").agg(pl.len(), pl.col("account_id").n_unique())
    assert groups["account_id"].max() == 1
    assert (groups["len"] > 1).sum() >= 1


def test_probes_are_refused_and_then_one_wording_is_used_at_scale() -> None:
    frame = plant("probing", "accounts = 60")
    turn = datetime(2026, 4, 11, tzinfo=UTC)
    probes, harvest = frame.filter(pl.col("timestamp") < turn), frame.filter(pl.col("timestamp") >= turn)
    assert (probes["stop_reason"] == "refusal").mean() > 0.75  # type: ignore[operator]
    assert (harvest["stop_reason"] == "refusal").mean() < 0.1  # type: ignore[operator]
    assert openings(probes, 200).n_unique() > 0.9 * probes.height
    assert openings(harvest, 50).n_unique() == 1


def test_no_word_gives_campaigns_away(rows: pl.DataFrame) -> None:
    """Every word that is frequent in campaigns is also said by the innocent."""
    said = pl.concat_str(pl.col("system_prompt", "prompt").fill_null(""), separator=" ").str.to_lowercase()
    tokens = rows.select("campaign", word=said.str.extract_all(r"[a-z]{3,}")).explode("word")
    planted = tokens.drop_nulls("campaign").group_by("word").len().filter(pl.col("len") >= 20)["word"]
    innocent = tokens.filter(pl.col("campaign").is_null())["word"].unique()
    rules = load_rules()
    vocabulary = set(re.findall(r"[a-z]{3,}", " ".join(map(str, rules.values())).lower()))
    subjects = set(re.findall(r"[a-z]{3,}", f"{rules['role']} {rules['field']} {rules['object']} {rules['verdict']}"))
    assert len(vocabulary & set(planted)) > 1_000
    assert vocabulary & set(planted) - set(innocent) <= subjects


def test_wordings_of_a_template_agree_on_what_it_is_about() -> None:
    variants = wordings(np.random.default_rng(4), "grading", "middle", 30)
    texts = [template.before + template.after for template in variants]
    assert len(set(texts)) == 30
    assert all("\n\n" in template.before and template.after.startswith("\n\n") for template in variants)
    objects = {
        match for text in texts for match in re.findall(r"(?:the|this) (ticket|essay|claim|answer|listing)\b", text)
    }
    assert len(objects) <= 1


def test_demands_come_in_as_many_wordings_as_asked() -> None:
    assert reasoning_instructions(np.random.default_rng(1), 50).n_unique() == 50


def test_split_gives_each_half_an_account() -> None:
    one, two = split_size(Size(100, 2, 0, 10), 0.01)
    assert (one.accounts, two.accounts, one.rows, two.rows) == (1, 1, 1, 99)


def test_every_request_can_take_another_wording_of_the_instruction() -> None:
    options = ("paraphrase = 50", "position = 'prefix'", "banned_after = 1.0", "accounts = 30")
    kept, changed = (plant("injected_instruction", *options, f"reworded = '{by}'") for by in ("account", "request"))

    def wordings_per_account(frame: pl.DataFrame) -> float:
        said = frame.with_columns(said=pl.col("prompt").str.split("\n\n").list.first())
        return float(said.group_by("account_id").agg(pl.col("said").n_unique())["said"].median())  # type: ignore[arg-type]

    assert wordings_per_account(kept) == 1
    assert wordings_per_account(changed) > 20


def test_a_free_trial_ends_in_a_burst() -> None:
    def late(burst: float) -> float:
        frame = plant("session_replay", f"burst = {burst}")
        return float((frame["timestamp"] >= datetime(2026, 4, 23, tzinfo=UTC)).mean())  # type: ignore[arg-type]

    assert late(0.0) < 0.2
    assert late(0.6) > 0.5


@pytest.mark.parametrize("kind", ["injected_instruction", "probing"])
def test_one_account_alone_neither_takes_over_nor_scales_up(kind: str) -> None:
    frame = plant(kind, "accounts = 1", rows=200)
    assert (frame.height, frame["account_id"].n_unique()) == (80, 1)
    assert frame.filter(status_code=403).height < 5
