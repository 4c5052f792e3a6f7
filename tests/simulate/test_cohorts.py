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
