"""Which column is which: the mapping, the name, a hint, then the path's own keys."""

from collections.abc import Sequence

import pytest

from distillscan.columns import READABLE
from distillscan.errors import InputError
from distillscan.read.schema.hints import HINTS, normalise
from distillscan.read.schema.model import Column, Keep, Schema
from distillscan.read.schema.resolve import Resolution, SourceColumn, SourcePath, listed, require, resolve


def found(
    names: list[str], partitions: Sequence[str] = (), mapping: dict[str, str] | None = None
) -> tuple[dict[str, str], tuple[str, ...]]:
    resolution = resolve([SourceColumn(name) for name in names], dict.fromkeys(partitions), mapping or {})
    return {canonical: str(path) for canonical, path in resolution.paths.items()}, resolution.notes


@pytest.mark.parametrize(
    ("column", "canonical"),
    [
        ("ts", "timestamp"),
        ("created_at", "timestamp"),
        ("@timestamp", "timestamp"),
        ("startTime", "timestamp"),
        ("TimeGenerated", "timestamp"),
        ("user_id", "account_id"),
        ("userId", "account_id"),
        ("USER-ID", "account_id"),
        ("Account ID", "account_id"),
        ("customer_id", "account_id"),
        ("requestId", "request_id"),
        ("organization_id", "org_id"),
        ("api_key", "api_key_id"),
        ("conversation_id", "session_id"),
        ("gen_ai.conversation.id", "session_id"),
        ("client_ip", "ip"),
        ("remote_addr", "ip"),
        ("requester_ip_address", "ip"),
        ("x_forwarded_for", "ip"),
        ("X-Forwarded-For", "ip"),
        ("xff", "ip"),
        ("forwarded_for", "ip"),
        ("true_client_ip", "ip"),
        ("CF-Connecting-IP", "ip"),
        ("x_real_ip", "ip"),
        ("client_addr", "ip"),
        ("as_number", "asn"),
        ("country_code", "country"),
        ("ua", "user_agent"),
        ("userAgent", "user_agent"),
        ("ja3", "tls_fingerprint"),
        ("ja4", "tls_fingerprint"),
        ("device_fingerprint", "device_id"),
        ("payment_method_id", "payment_id"),
        ("email", "email_domain"),
        ("account_created", "account_created_at"),
        ("signup_at", "account_created_at"),
        ("user_type", "account_type"),
        ("tier", "plan"),
        ("platform", "pathway"),
        ("modelId", "model"),
        ("system", "system_prompt"),
        ("messages", "prompt"),
        ("completion", "response"),
        ("prompt_tokens", "input_tokens"),
        ("tokens_in", "input_tokens"),
        ("completion_tokens", "output_tokens"),
        ("cache_read_input_tokens", "cached_tokens"),
        ("http_status", "status_code"),
        ("finish_reason", "stop_reason"),
        ("thinking_signature", "reasoning_signature"),
    ],
)
def test_hints(column: str, canonical: str) -> None:
    assert found([column]) == ({canonical: column}, (f"column {column} is read as {canonical}",))


@pytest.mark.parametrize(
    "column", ["id", "name", "agent", "project_id", "payment_method", "signature", "cost", "updated_at"]
)
def test_ambiguous_names_are_no_hints(column: str) -> None:
    assert found([column]) == ({}, ())


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["accountId", "ts"], {"account_id", "timestamp"}),
        (["accountId", "ts", "userIdentity"], {"timestamp"}),
        (["tenant", "ts"], {"org_id", "timestamp"}),
        (["Tenant", "time", "callerIpAddress"], {"ip", "timestamp"}),
        (["TenantId", "TimeGenerated [UTC]", "UserId"], {"timestamp", "account_id"}),
    ],
)
def test_who_pays_aws_and_a_region_of_azure_are_no_customers(names: list[str], expected: set[str]) -> None:
    assert set(found(names)[0]) == expected


def test_no_hint_stands_for_two_columns_or_hides_a_canonical_name() -> None:
    hints = [hint for names in HINTS.values() for hint in names]
    assert len(hints) == len(set(hints))
    assert set(HINTS) == set(READABLE)
    assert all(names[0] == normalise(canonical) for canonical, names in HINTS.items())
    assert all(hint == normalise(hint) for hint in hints)


def test_the_name_itself_comes_before_hints_and_without_a_note() -> None:
    assert found(["user_id", "account_id", "ts", "timestamp"]) == (
        {"timestamp": "timestamp", "account_id": "account_id"},
        (),
    )


def test_of_several_hints_the_first_of_the_table_is_taken_and_said() -> None:
    paths, notes = found(["user", "created_at", "user_id", "ts"])
    assert paths == {"timestamp": "ts", "account_id": "user_id"}
    assert notes == (
        "column ts is read as timestamp (not created_at: --map timestamp=created_at would choose otherwise)",
        "column user_id is read as account_id (not user: --map account_id=user would choose otherwise)",
    )
    assert found(["userid", "user_id"])[0] == found(["user_id", "userid"])[0] == {"account_id": "user_id"}


def test_the_mapping_wins_and_its_column_serves_no_hint() -> None:
    mapping = {"org_id": "user_id", "account_id": "who"}
    paths, notes = found(["account_id", "user_id", "who", "timestamp"], mapping=mapping)
    assert paths == {"timestamp": "timestamp", "account_id": "who", "org_id": "user_id"}
    assert notes == ()
    assert found(["user_id", "ts"], mapping={"org_id": "user_id"})[0] == {"timestamp": "ts", "org_id": "user_id"}


def test_columns_come_in_canonical_order() -> None:
    assert list(found(["prompt", "ip", "account_id", "timestamp"])[0]) == ["timestamp", "account_id", "ip", "prompt"]


def test_dotted_paths_take_the_longest_column() -> None:
    columns = [
        SourceColumn("user", nested=True, inner=frozenset({"id", "net", "net.ip"})),
        SourceColumn("user.net"),
        SourceColumn("text"),
    ]
    mapping = {"account_id": "user.id", "ip": "user.net.ip", "org_id": "text.a.b", "plan": "user.plan", "asn": "gone"}
    resolution = resolve(columns, {}, mapping)
    assert resolution.paths == {
        "account_id": SourcePath("user", ("id",)),
        "org_id": SourcePath("text", ("a", "b")),
        "ip": SourcePath("user.net", ("ip",)),
    }
    assert resolution.unmatched == ("plan", "asn")


def test_objects_and_lists_are_no_hints_except_for_text() -> None:
    columns = [SourceColumn("user", nested=True), SourceColumn("messages", nested=True)]
    assert resolve(columns, {}, {}).paths == {"prompt": SourcePath("messages")}
    assert resolve([SourceColumn("account_id", nested=True)], {}, {}).paths == {"account_id": SourcePath("account_id")}


def test_path_keys_fill_gaps_but_override_nothing() -> None:
    partitions = {"date": "2026-01-01", "plan": None, "user_id": "u", "tenant": "t"}
    resolution = resolve([SourceColumn("ts"), SourceColumn("user_id")], partitions, {})
    assert resolution.paths == {"timestamp": SourcePath("ts"), "account_id": SourcePath("user_id")}
    assert resolution.constants == {"plan": None, "org_id": "t"}
    assert resolution.columns == {"timestamp", "account_id", "plan", "org_id"}
    assert found(["x"], ("date",))[1] == ("path key date is read as timestamp",)
    mapped = resolve([SourceColumn("ts")], {"who": "w"}, {"account_id": "who"})
    assert (mapped.constants, mapped.unmatched) == ({"account_id": "w"}, ())


def test_path_keys_fill_what_a_schema_looks_for() -> None:
    schema = Schema("s", "s", {"account_id": Column(("user", "tenant"))}, keep=(Keep(("day",), ("1",), "why"),))
    resolution = resolve([SourceColumn("user")], {"tenant": "t", "plan": "pro", "day": "1"}, {}, schema)
    assert resolution.paths == {"@user": SourcePath("user")}
    assert resolution.constants == {"@tenant": "t", "plan": "pro", "@day": "1"}
    assert resolution.direct == {"plan"}
    assert resolution.columns == {"plan", "account_id"}
    assert resolution.only(["account_id"]).constants == {"@tenant": "t"}
    assert resolution.only(["account_id"], rules=True).constants == {"@tenant": "t", "@day": "1"}
    assert resolution.only(["plan"]).columns == {"plan"}


def test_a_missing_required_column_shows_what_there_is_and_what_to_write() -> None:
    resolution = resolve([SourceColumn("who"), SourceColumn("ts")], {}, {})
    with pytest.raises(InputError) as caught:
        require("x.csv", resolution, ["who", "ts"])
    assert str(caught.value) == (
        "x.csv: no column for account_id. Columns found: who, ts. "
        "Say which column it is, for example --map account_id=who"
    )
    with pytest.raises(InputError) as caught:
        require("x.csv", Resolution({}), ["when", "who", "what"])
    assert str(caught.value) == (
        "x.csv: no column for timestamp and account_id. Columns found: when, who, what. "
        "Say which column it is, for example --map timestamp=when --map account_id=who"
    )
    with pytest.raises(InputError, match=r"Columns found: none\. None of them looks like a time: .*\. None of them"):
        require("x.csv", Resolution({}), [])
    require("x.csv", resolve([SourceColumn("ts"), SourceColumn("uid")], {}, {}), ["ts", "uid"])


@pytest.mark.parametrize(
    ("names", "advice"),
    [
        (["time", "log", "stream"], "None of them looks like an account: if one says who called, name it with"),
        (["user_agent", "client_ip", "created"], "None of them looks like an account"),
        (["log", "caller.kind", "caller", "caller.arn"], "for example --map account_id=caller.kind"),
        (["x", "ownerRef"], "for example --map account_id=ownerRef"),
    ],
)
def test_only_what_looks_like_an_account_is_proposed(names: list[str], advice: str) -> None:
    resolution = resolve([SourceColumn("ts")], {}, {})
    with pytest.raises(InputError) as caught:
        require("x", resolution, [*names, "ts"])
    assert advice in str(caught.value)
    assert ("--map account_id=COLUMN" in str(caught.value)) == ("None of them" in advice)


def test_long_lists_are_cut() -> None:
    assert listed([str(at) for at in range(42)]).endswith("38, 39 and 2 more")
    assert listed(["a", "b"]) == "a, b"


@pytest.mark.parametrize("better", ["ip", "client_ip", "remote_addr", "true_client_ip", "x_real_ip"])
def test_forwarded_addresses_are_the_last_resort(better: str) -> None:
    paths, notes = found(["x_forwarded_for", better])
    assert paths["ip"] == better
    assert found(["x_forwarded_for"])[1] == ("column x_forwarded_for is read as ip",)
    assert better == "ip" or "not x_forwarded_for" in notes[0]
