"""Each innocent cohort looks alike in what it is made to look alike in, and in nothing else."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from distillscan.simulate import parse_scenario, simulate


def distinct(frame: pl.DataFrame, column: str) -> int:
    return frame[column].drop_nulls().n_unique()


def accounts(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.unique("account_id")


def of(rows: pl.DataFrame, cohort: str) -> pl.DataFrame:
    return rows.filter(cohort=cohort)


def pays_alone(frame: pl.DataFrame) -> bool:
    """Whether no two accounts share a payment."""
    paying = accounts(frame)["payment_id"].drop_nulls()
    return paying.n_unique() == len(paying)


def test_coding_client_users_share_a_prompt_and_nothing_else(rows: pl.DataFrame) -> None:
    users = of(rows, "coding_client")
    assert distinct(users, "system_prompt") == 2
    assert distinct(users, "user_agent") == 2
    assert distinct(users, "tls_fingerprint") == 1
    assert users["system_prompt"].str.len_bytes().min() > 8_500  # type: ignore[operator]
    assert pays_alone(users)
    assert users.group_by("ip").agg(pl.col("account_id").n_unique())["account_id"].median() == 1
    assert users["account_id"].n_unique() >= 80


def test_coding_client_changes_its_prompt_within_days_of_the_upgrade(rows: pl.DataFrame) -> None:
    users = of(rows, "coding_client")
    first, second = users.sort("timestamp")["system_prompt"].unique(maintain_order=True)
    assert first[: len(first) // 2] == second[: len(first) // 2]
    old = users.filter(system_prompt=first)["timestamp"]
    new = users.filter(system_prompt=second)["timestamp"]
    assert new.min() >= datetime(2026, 4, 11, tzinfo=UTC)  # type: ignore[operator]
    assert old.max() < datetime(2026, 4, 17, tzinfo=UTC)  # type: ignore[operator]
    assert users.group_by("system_prompt").agg(pl.col("user_agent").unique())["user_agent"].list.len().to_list() == [
        1,
        1,
    ]


def test_coding_client_moves_to_the_new_model_on_release_day(rows: pl.DataFrame) -> None:
    release = datetime(2026, 4, 17, tzinfo=UTC)
    after = of(rows, "coding_client").filter(pl.col("timestamp") >= release + timedelta(days=1))
    assert 0.5 < (after["model"] == "atlas-4").mean() < 0.8  # type: ignore[operator]
    ordinary = of(rows, "ordinary").filter(pl.col("timestamp") >= release + timedelta(days=1))
    assert (ordinary["model"] == "atlas-4").mean() < 0.25  # type: ignore[operator]


def test_carrier_nat_is_four_addresses_of_one_mobile_network(rows: pl.DataFrame) -> None:
    nat = of(rows, "carrier_nat")
    assert (distinct(nat, "ip"), distinct(nat, "asn"), nat["country"].unique().to_list()) == (4, 1, ["IN"])
    assert pays_alone(nat)
    assert nat.group_by("session_id").agg(pl.col("ip").n_unique())["ip"].max() == 1
    assert distinct(nat, "user_agent") > 30


def test_campus_students_share_domain_and_exits_but_not_payments(rows: pl.DataFrame) -> None:
    campus = of(rows, "campus")
    assert distinct(campus, "email_domain") == 1
    assert campus["email_domain"][0].startswith("students.")
    assert set(accounts(campus)["account_type"]) == {"education"}
    exits = campus.group_by("ip").len().sort("len", descending=True).head(3)
    assert 0.5 < exits["len"].sum() / campus.height < 0.7
    assert pays_alone(campus)
    span = campus["account_created_at"].max() - campus["account_created_at"].min()  # type: ignore[operator]
    assert span < timedelta(days=45)  # type: ignore[operator]


def test_company_rollout_is_one_customer_signed_up_within_days(rows: pl.DataFrame) -> None:
    staff = of(rows, "company_rollout").filter(operator="company_rollout")
    for column in ("org_id", "payment_id", "email_domain", "operator", "plan"):
        assert staff[column].n_unique() == 1, column
    span = staff["account_created_at"].max() - staff["account_created_at"].min()  # type: ignore[operator]
    assert span < timedelta(days=4)  # type: ignore[operator]
    office = staff.group_by("ip").agg(pl.col("account_id").n_unique())["account_id"].max()
    assert office > 0.5 * staff["account_id"].n_unique()  # type: ignore[operator]


def test_a_company_tool_gives_all_staff_the_same_instructions(rows: pl.DataFrame) -> None:
    staff = of(rows, "company_rollout").filter(operator="company_tool")
    assert distinct(staff, "system_prompt") == 1
    assert staff["system_prompt"].count() / staff.height == pytest.approx(0.8, abs=0.04)


def test_a_classroom_shares_network_domain_and_first_days(rows: pl.DataFrame) -> None:
    school = of(rows, "homework").filter(asn="AS1103")
    assert (distinct(school, "ip"), distinct(school, "email_domain")) == (1, 1)
    span = school["account_created_at"].max() - school["account_created_at"].min()  # type: ignore[operator]
    assert span < timedelta(days=3)  # type: ignore[operator]
    assert school.filter(pl.col("prompt").str.contains(r"^(Assignment|Worksheet) \d"))["account_id"].n_unique() > 15


@pytest.mark.parametrize("kind", ["agency", "company_rollout"])
def test_an_organisation_can_stay_undeclared(kind: str) -> None:
    text = f"[[cohort]]\nkind = '{kind}'\nshare = 0.4\ndeclared = false"
    made = simulate(parse_scenario("x", text), 1_000, 1)
    rows = made.log.join(made.labels.filter(cohort=kind), on="account_id")
    assert rows["org_id"].null_count() == rows.height == 400
    assert (rows["payment_id"].n_unique(), rows["operator"].n_unique()) == (1, 1)


def test_popular_app_users_share_prefix_and_agent_only(rows: pl.DataFrame) -> None:
    for agent, words in (
        ("NoteWeaver/3.2.1", None),
        ("StudyOwl/1.9.4", r"reasoning|thinking|thought|working|considerations|notes|delib|argument"),
    ):
        app = rows.filter(user_agent=agent)
        assert app["account_id"].n_unique() >= 30
        assert app["prompt"].str.head(80).n_unique() == 1
        assert app["prompt"].n_unique() > 0.85 * app.height
        assert pays_alone(app)
        assert distinct(app, "email_domain") > 5
        if words:
            assert app["prompt"].str.contains(words).all()
    assert of(rows, "popular_app")["user_agent"].n_unique() == 2


def test_hackathon_is_one_venue_one_code_and_sign_ups_within_hours(rows: pl.DataFrame) -> None:
    event = of(rows, "hackathon")
    assert (distinct(event, "ip"), distinct(event, "payment_id")) == (1, 1)
    span = event["account_created_at"].max() - event["account_created_at"].min()  # type: ignore[operator]
    assert span < timedelta(hours=5)  # type: ignore[operator]
    assert event["timestamp"].max() - event["timestamp"].min() < timedelta(days=2.1)  # type: ignore[operator]
    challenge = event.filter(pl.col("prompt").str.contains("challenge: in "))
    assert challenge["account_id"].n_unique() > 5
    assert challenge["prompt"].str.extract(r"(\w+[\w &]* challenge: in .{60})").n_unique() == 1


def test_homework_is_pasted_by_class_before_the_deadline(rows: pl.DataFrame) -> None:
    at_home = of(rows, "homework").filter(pl.col("asn") != "AS1103")
    pasted = at_home.filter(pl.col("prompt").str.contains(r"^(Assignment|Worksheet) \d"))
    by_text = pasted.group_by(text=pl.col("prompt").str.head(90)).agg(
        pl.col("account_id").n_unique(), span=pl.col("timestamp").max() - pl.col("timestamp").quantile(0.1)
    )
    assert 2 <= by_text.height <= 5
    assert by_text["account_id"].max() > 10  # type: ignore[operator]
    assert by_text["span"].median() < timedelta(days=3)  # type: ignore[operator]
    assert pays_alone(of(rows, "homework"))


def test_the_viral_prompt_is_sent_once_by_every_account(rows: pl.DataFrame) -> None:
    crowd = of(rows, "viral_prompt")
    text, count = crowd["prompt"].value_counts(sort=True).row(0)
    assert count == crowd["account_id"].n_unique()
    sent = crowd.filter(prompt=text)
    assert sent["account_id"].is_unique().all()
    assert (sent["timestamp"] < datetime(2026, 4, 14, tzinfo=UTC)).mean() > 0.75  # type: ignore[operator]
    assert crowd.height > 3 * count


def test_agency_runs_forty_accounts_under_one_organisation(rows: pl.DataFrame) -> None:
    agency = of(rows, "agency")
    assert agency["account_id"].n_unique() == agency["email_domain"].n_unique() == 40
    for column in ("org_id", "payment_id", "operator", "ip"):
        assert distinct(agency, column) == 1, column


def test_the_giant_is_one_account_with_one_template(rows: pl.DataFrame) -> None:
    giant = of(rows, "production_giant")
    assert (giant["account_id"].n_unique(), giant.height) == (1, 1_800)
    assert giant["prompt"].str.head(100).n_unique() == 1
    assert giant["prompt"].n_unique() > 1_790


def test_ci_fleet_is_one_key_on_hundreds_of_addresses_around_the_clock(rows: pl.DataFrame) -> None:
    fleet = of(rows, "ci_fleet")
    assert (distinct(fleet, "api_key_id"), distinct(fleet, "system_prompt")) == (1, 1)
    assert distinct(fleet, "ip") > 250
    assert fleet["timestamp"].dt.hour().n_unique() >= 22


def test_eval_harness_grades_at_night_for_one_organisation(rows: pl.DataFrame) -> None:
    team = of(rows, "eval_harness")
    assert team["account_id"].n_unique() <= 6
    assert (distinct(team, "org_id"), distinct(team, "payment_id")) == (1, 1)
    assert team["prompt"].str.contains("Response:\n").all()
    by_hour = team["timestamp"].dt.hour().value_counts(sort=True)
    assert by_hour["count"].head(8).sum() > 0.5 * team.height


def test_reseller_is_declared_and_serves_strangers(rows: pl.DataFrame) -> None:
    reseller = of(rows, "reseller")
    assert set(reseller["account_type"]) == {"reseller"}
    assert (distinct(reseller, "org_id"), distinct(reseller, "payment_id"), distinct(reseller, "ip")) == (1, 1, 6)
    assert reseller["prompt"].n_unique() > 0.8 * reseller.height


def test_early_adopters_share_only_their_haste(rows: pl.DataFrame) -> None:
    keen = of(rows, "early_adopters").filter(pl.col("timestamp") > datetime(2026, 4, 18, tzinfo=UTC))
    assert (keen["model"] == "atlas-4").mean() > 0.7  # type: ignore[operator]
    assert pays_alone(keen)


def test_vpn_users_come_from_shared_exits(rows: pl.DataFrame) -> None:
    users = of(rows, "vpn_users")
    people = users["account_id"].n_unique()
    assert distinct(users, "ip") < people / 8
    assert pays_alone(users)


def test_library_prompts_are_copied_by_strangers(rows: pl.DataFrame) -> None:
    readers = of(rows, "prompt_library").filter(pl.col("prompt").str.len_chars() > 120)
    openings = readers.group_by(pl.col("prompt").str.head(60)).agg(pl.col("account_id").n_unique())
    assert openings["account_id"].max() >= 4  # type: ignore[operator]
    assert pays_alone(readers)


def test_background_volumes_are_heavy_tailed(rows: pl.DataFrame) -> None:
    volumes = of(rows, "ordinary").group_by("account_id").len()["len"].sort(descending=True)
    assert (volumes < 10).mean() > 0.5  # type: ignore[operator]
    assert 4 * volumes.head(len(volumes) // 50).sum() > volumes.sum()
    assert volumes.max() < volumes.sum() / 8  # type: ignore[operator]


def test_background_has_teams_households_and_constant_lengths(rows: pl.DataFrame) -> None:
    people = accounts(of(rows, "ordinary"))
    teams = (
        people.drop_nulls("org_id").group_by("org_id").agg(pl.len(), pl.col("payment_id", "email_domain").n_unique())
    )
    assert teams["len"].max() in range(4, 20)
    assert teams.filter((pl.col("payment_id") > 1) | (pl.col("email_domain") > 1)).is_empty()
    shared = people.filter(pl.col("org_id").is_null()).drop_nulls("payment_id").group_by("payment_id").len()
    assert 0 < (shared["len"] > 1).sum() < 0.05 * shared.height
    lengths = of(rows, "ordinary").with_columns(size=pl.col("prompt").str.len_bytes()).group_by("account_id")
    spread = lengths.agg(pl.len(), cv=pl.col("size").std() / pl.col("size").mean()).filter(pl.col("len") > 50)
    assert (spread["cv"] < 0.1).sum() >= 2


def test_background_speaks_several_languages_and_follows_local_days(rows: pl.DataFrame) -> None:
    ordinary = of(rows, "ordinary")
    for script in (r"\p{Han}", r"\p{Cyrillic}", "[ñ¿]", "ß|ü", "ç|ê", "ção|ões"):
        assert ordinary["prompt"].str.contains(script).sum() > 20, script
    americans = ordinary.filter(pl.col("country") == "US", pl.col("pathway").is_in(["web", "app"]))
    hours = americans["timestamp"].dt.hour().value_counts().sort("timestamp")["count"]
    assert hours[8:13].sum() < hours[0:5].sum()


def test_hundreds_of_strangers_say_hello(rows: pl.DataFrame) -> None:
    greeting = rows.filter(pl.col("prompt").str.to_lowercase().is_in(["hi", "hello", "continue", "thanks"]))
    assert greeting["account_id"].n_unique() > 200


def test_some_ordinary_accounts_are_closed_too(rows: pl.DataFrame) -> None:
    assert of(rows, "ordinary").filter(status_code=403)["account_id"].n_unique() >= 3


@pytest.mark.parametrize("largest", [0.02, 0.3])
def test_the_largest_background_account_can_be_set(largest: float) -> None:
    log = simulate(parse_scenario("x", f"[background]\nlargest = {largest}"), 6_000, 2).log
    top = log.group_by("account_id").len()["len"].max()
    assert (top < 0.05 * 6_000) == (largest < 0.1)  # type: ignore[operator]


def grown(kind: str, *options: str, rows: int = 3_000) -> pl.DataFrame:
    """The requests of one cohort, with labels, from a log of its own."""
    text = "\n".join([f"[[cohort]]\nkind = '{kind}'\nshare = 0.6", *options])
    made = simulate(parse_scenario("x", text), rows, 8)
    return made.log.join(made.labels.filter(cohort=kind), on="account_id", maintain_order="left").drop_nulls("cohort")


def strangers(frame: pl.DataFrame) -> bool:
    """Whether everybody works for themselves and pays alone."""
    return (frame["operator"] == frame["account_id"]).all() and pays_alone(frame)


def test_colleagues_and_families_hand_conversations_over_within_their_group() -> None:
    frame = grown("shared_session", "accounts = 40", "handed_over = 0.5")
    spans = frame.drop_nulls("session_id").group_by("session_id").agg(
        pl.len(), pl.col("account_id", "payment_id").n_unique(), family=pl.col("org_id").is_null().any()
    )  # fmt: skip
    handed = spans.filter(pl.col("account_id") > 1)
    assert handed["family"].n_unique() == 2
    assert (handed["account_id"] == 2).all()
    assert (handed["payment_id"] == 1).all()
    assert 0.2 < handed.height / spans.filter(pl.col("len") > 3).height < 0.8
    people = accounts(frame)
    assert people.group_by("payment_id").len()["len"].to_list() == [4] * 10
    assert people["org_id"].drop_nulls().n_unique() == 6
    assert frame["account_id"].n_unique() == 40


def test_a_team_resends_its_conversations_whole() -> None:
    frame = grown("shared_session", "accounts = 40", "families = 0.0", "handed_over = 1.0")
    heads = frame.filter(pl.col("prompt").str.len_bytes() > 256).group_by(pl.col("prompt").str.head(60))
    assert heads.agg(pl.col("account_id").n_unique())["account_id"].max() >= 2  # type: ignore[operator]
    assert grown("shared_session", "families = 1.0", "accounts = 8")["org_id"].null_count() == 1_800


def test_a_group_of_one_has_nobody_to_hand_over_to() -> None:
    frame = grown("shared_session", "accounts = 25", "handed_over = 1.0", rows=1_000)
    last = frame.drop_nulls("session_id").group_by("session_id").agg(pl.col("account_id", "payment_id").n_unique())
    assert last["payment_id"].max() == 1


def test_a_public_prompt_is_pasted_or_kept_by_strangers() -> None:
    frame = grown("public_prompt", "accounts = 120")
    asked = pl.col("prompt").str.contains("explain your reasoning step by step", literal=True)
    kept = frame.drop_nulls("system_prompt")
    pasted = frame.filter(asked)
    assert kept["system_prompt"].n_unique() == 1
    assert "explain your reasoning step by step" in kept["system_prompt"][0]
    assert kept["account_id"].n_unique() == pytest.approx(48, abs=12)
    assert pasted["account_id"].n_unique() > 40
    assert pasted["prompt"].str.head(150).n_unique() == 1
    assert set(kept["account_id"]).isdisjoint(pasted["account_id"])
    assert strangers(frame)


def test_unrelated_customers_run_the_same_judge_prompts() -> None:
    frame = grown("public_judge", "accounts = 12")
    assert accounts(frame)["org_id"].n_unique() == accounts(frame)["payment_id"].n_unique() == 12
    opened = frame.group_by(pl.col("prompt").str.head(60)).agg(pl.col("account_id").n_unique())
    assert opened.height == 3
    assert opened["account_id"].min() >= 4  # type: ignore[operator]
    assert frame["prompt"].str.contains("\n\nResponse A:\n").all()
    assert frame["prompt"].str.contains("\n\nResponse B:\n").all()


def test_people_try_again_on_their_second_account() -> None:
    frame = grown("second_account", "accounts = 60", "repeated = 0.2")
    people = accounts(frame)
    assert people.group_by("operator").len()["len"].max() == 2
    assert people.group_by("operator").agg(pl.col("payment_id").n_unique())["payment_id"].max() == 2
    tries = frame.sort("timestamp").group_by("operator", "prompt", maintain_order=True).agg(
        pl.col("account_id", "status_code", "device_id"), pl.col("timestamp")
    )  # fmt: skip
    twice = tries.filter(pl.col("account_id").list.n_unique() == 2, pl.col("prompt").str.len_chars() > 40)
    assert twice.height > 150
    gap = twice["timestamp"].list.get(1) - twice["timestamp"].list.get(0)
    assert (gap < timedelta(minutes=30)).mean() > 0.9  # type: ignore[operator]
    limited = twice["status_code"].list.get(0) == 429
    assert limited.mean() == pytest.approx(0.5, abs=0.1)
    later = twice["account_id"].list.get(1)
    assert set(frame.filter(pl.col("account_id").is_in(later.implode()))["plan"]) == {"free"}


def test_a_storm_of_429_is_followed_by_returns_departures_and_beginnings() -> None:
    frame = grown("rate_limits", "accounts = 200", "storm_day = 10.5", rows=5_000)
    starts = datetime(2026, 4, 11, 12, tzinfo=UTC)
    ends = starts + timedelta(hours=1)
    busy = frame.filter(status_code=429)
    inside = busy.filter(pl.col("timestamp").is_between(starts, ends))
    assert inside["account_id"].n_unique() > 100
    assert inside.height / busy.height > 0.85
    spans = frame.group_by("account_id").agg(
        first=pl.col("timestamp").min(), last=pl.col("timestamp").max(), made=pl.col("account_created_at").first()
    )
    new = spans.filter(pl.col("made") > ends)
    assert new.height == pytest.approx(60, abs=15)
    assert (new["first"] - new["made"]).median() < timedelta(hours=1)  # type: ignore[operator]
    assert (new["first"] < ends + timedelta(hours=12)).mean() > 0.8  # type: ignore[operator]
    gone = spans.filter(pl.col("last") < ends)
    assert gone.height >= 25
    again = frame.filter(pl.col("timestamp").is_between(ends, ends + timedelta(hours=6)))
    assert set(again["account_id"]) & set(inside["account_id"])
    assert strangers(frame)


def test_cron_jobs_of_strangers_fire_at_the_full_hour() -> None:
    frame = grown("cron_jobs", "accounts = 40")
    past = frame.select(pl.col("timestamp").dt.minute() * 60 + pl.col("timestamp").dt.second()).to_series()
    assert (past < 30).mean() > 0.97  # type: ignore[operator]
    assert accounts(frame)["org_id"].n_unique() == frame["account_id"].n_unique() == 40
    steps = frame.group_by("account_id").agg(hours=pl.col("timestamp").dt.hour().n_unique())["hours"]
    assert (steps == 1).sum() >= 3
    assert (steps > 12).sum() >= 3
    assert strangers(frame)


def test_a_translation_product_is_one_customer_in_all_languages() -> None:
    frame = grown("translation_product")
    assert frame["account_id"].n_unique() <= 3
    assert (distinct(frame, "org_id"), distinct(frame, "payment_id"), distinct(frame, "system_prompt")) == (1, 1, 2)
    for letters in (r"\p{Han}", r"\p{Cyrillic}", "ß|ü", "ção|ões"):
        assert frame["prompt"].str.contains(letters).mean() > 0.015, letters  # type: ignore[operator]


def test_travellers_come_from_another_network_every_time() -> None:
    frame = grown("travellers", "accounts = 30")
    per_session = frame.drop_nulls("ip").group_by("session_id").agg(pl.col("ip").n_unique())
    assert per_session.drop_nulls("session_id")["ip"].max() == 1
    seen = frame.group_by("account_id").agg(pl.len(), pl.col("ip", "country").n_unique())
    regular = seen.filter(pl.col("len") > 60)
    assert (regular["country"] >= 5).all()
    assert (regular["ip"] >= 10).all()
    assert strangers(frame)


def test_mobile_addresses_change_with_every_request() -> None:
    frame = grown("mobile_churn", "accounts = 40")
    six = pl.col("ip").str.contains(":")
    assert set(frame["asn"]) == {"AS21928", "AS6167"}
    assert frame.filter(six)["ip"].is_unique().all()
    assert frame.select(six.mean()).item() == pytest.approx(0.5, abs=0.05)
    shared = frame.filter(~six).group_by("ip").agg(pl.col("account_id").n_unique())
    assert shared["account_id"].median() > 5  # type: ignore[operator]
    assert strangers(frame)


def test_mobile_carriers_without_ipv6_share_all_their_addresses() -> None:
    frame = grown("mobile_churn", "country = 'DE'", "v6 = 1.0", rows=1_000)
    assert not frame["ip"].str.contains(":").any()
    assert set(frame["country"]) == {"DE"}


def test_a_privacy_relay_shows_a_fresh_address_of_a_shared_network() -> None:
    frame = grown("privacy_relay", "accounts = 40")
    assert frame["asn"].n_unique() == 2
    assert frame["ip"].n_unique() > 0.9 * frame.height
    assert strangers(frame)


def test_harness_users_have_only_programs_in_common() -> None:
    frame = grown("harness_users", "accounts = 60", "several = 0.5")
    assert distinct(frame, "system_prompt") == distinct(frame, "user_agent") == 6
    pairs = frame.select("system_prompt", "user_agent").unique().height
    assert pairs == 6
    used = frame.group_by("account_id").agg(pl.col("user_agent").n_unique())["user_agent"]
    assert 0.1 < (used > 1).sum() / used.len() < 0.6
    assert used.max() == 2
    assert strangers(frame)
