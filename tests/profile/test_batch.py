import polars as pl
import pytest

from distillscan.profile import merge, profile_batch
from distillscan.profile.batch import Rows, split_pointer
from distillscan.profile.entities import hosts, networks
from distillscan.profile.text.hashes import hash_text
from tests.support.handmade import at, canonical


@pytest.mark.parametrize(
    ("ip", "host", "network"),
    [
        ("203.0.113.7", "203.0.113.7", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.7", "203.0.113.0/24"),
        ("2001:DB8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:db8::1", "2001:db8::/64", "2001:db8::/48"),
        (" 203.0.113.7 ", "203.0.113.7", "203.0.113.0/24"),
        ("hashed-ip-9", "hashed-ip-9", "hashed-ip-9"),
    ],
)
def test_addresses_are_reduced_to_subscriber_and_network(ip: str, host: str, network: str) -> None:
    for texts in ([ip], [ip, "2001:db8::7", "192.0.2.1", "other"]):
        found = hosts(pl.Series(texts))
        assert (found[0], networks(found)[0]) == (host, network)


def test_pointers_come_back() -> None:
    places = [(3, 12), (70_000, 1 << 39)]
    schema = {"source": pl.UInt32, "row": pl.UInt64}
    where = pl.DataFrame(places, schema=schema, orient="row")
    frame = where.with_columns(account_id=pl.lit("a"), timestamp=pl.lit(at(0)))
    back = pl.DataFrame({"pointer": Rows(frame).pointers}).select(split_pointer())
    assert (back.rows(), back.schema) == (places, pl.Schema(schema))


ROWS = [
    {
        "timestamp": at(0),
        "account_id": "a",
        "ip": "10.0.0.1",
        "user_agent": "sdk/1.2",
        "model": "m1",
        "status_code": 200,
        "prompt": "Hello there my friend",
        "output_tokens": 3,
        "input_tokens": 5,
    },
    {
        "timestamp": at(1.5),
        "account_id": "a",
        "ip": "10.0.0.9",
        "user_agent": "sdk/1.3",
        "model": "m2",
        "status_code": 403,
        "prompt": "Hello there my friend",
        "input_tokens": -4,
    },
    {
        "timestamp": at(30),
        "account_id": "a",
        "status_code": 429,
        "output_tokens": 4,
        "stop_reason": "content_filter",
    },
]


def test_an_account_is_summed_up() -> None:
    account = merge([profile_batch(canonical(ROWS))]).accounts.row(0, named=True)
    assert account["account_id"] == "a"
    assert (account["requests"], account["first"], account["last"]) == (3, at(0), at(30))
    assert (account["input_tokens"], account["output_tokens"], account["output_squares"], account["with_output"]) == (
        5,
        7,
        25,
        2,
    )
    assert (account["prompt_bytes"], account["with_prompt"], account["prompt_squares"]) == (42, 2, 2 * 21**2)
    assert (account["denied"], account["limited"], account["failed"], account["refused"]) == (1, 1, 0, 1)
    assert (account["last_served"], account["first_denied"]) == (at(0), at(1.5))


def test_links_name_entities_with_counts_and_first_use() -> None:
    profile = merge([profile_batch(canonical(ROWS))])
    named = profile.links.join(profile.entities, on=["kind", "entity"]).sort("kind", "value")
    seen = {(str(k), v): (n, f) for k, v, n, f in named.select("kind", "value", "requests", "first").rows()}
    assert seen == {
        ("ip", "10.0.0.1"): (1, at(0)),
        ("ip", "10.0.0.9"): (1, at(1.5)),
        ("ip_prefix", "10.0.0.0/24"): (2, at(0)),
        ("user_agent", "sdk/1.2"): (1, at(0)),
        ("user_agent", "sdk/1.3"): (1, at(1.5)),
        ("client", "sdk/#.#"): (2, at(0)),
    }


def test_activity_is_by_account_model_and_hour() -> None:
    profile = merge([profile_batch(canonical(ROWS))])
    names = dict(profile.models.iter_rows())
    first = int(at(0).timestamp()) // 3600
    rows = {(names.get(model), hour - first): requests for _, model, hour, requests in profile.activity.iter_rows()}
    assert rows == {("m1", 0): 1, ("m2", 1): 1, (None, 30): 1}


def test_a_repeated_prompt_is_one_row_with_its_count() -> None:
    prompts = merge([profile_batch(canonical(ROWS))]).prompts
    row = prompts.row(0, named=True)
    assert prompts.height == 1
    assert (row["requests"], row["bytes"], row["tokens"], row["pointer"], len(row["sketch"])) == (2, 21, 4, 0, 1)


def test_columns_with_values_only_are_named() -> None:
    profile = profile_batch(canonical([{"timestamp": at(0), "account_id": "a", "ip": None}]))
    assert profile.columns == {"timestamp", "account_id"}


def test_hosts_of_nulls_are_null() -> None:
    assert hosts(pl.Series(["2001:DB8:1:2:3:4:5:6", None, "192.0.2.1"])).to_list() == [
        "2001:db8:1:2::/64",
        None,
        "192.0.2.1",
    ]


def test_lines_of_answers_and_of_the_prompts_they_answer_are_kept_as_hashes() -> None:
    one, two, three = (f"{name} is a line that is long enough to be told again" for name in ("One", "Two", "Three"))
    rows = [
        {
            "account_id": "a",
            "timestamp": at(0),
            "prompt": f"See:\n{three}\nYes",
            "response": f"{one}\nNo\n  {two}\r\n",
        },
        {"account_id": "a", "timestamp": at(2), "prompt": three, "response": f"{two}\n{two}"},
        # A prompt without an answer is not looked at, whatever other rows have; one with an empty answer is.
        {"account_id": "b", "timestamp": at(1), "prompt": one, "response": None},
        {"account_id": "b", "timestamp": at(3), "prompt": two, "response": ""},
        {"account_id": "b", "timestamp": at(4), "prompt": None, "response": one[:47]},
    ]
    profile = profile_batch(canonical(rows))
    names = dict(profile.accounts.select("account", "account_id").iter_rows())
    texts = {hash_text(text): text for text in (one, two, three)}
    links = profile.links.filter(pl.col("kind").is_in(["output_line", "input_line"]))
    found = {(kind, names[account], texts[entity], n, when) for account, kind, entity, n, when in links.iter_rows()}
    assert found == {
        ("output_line", "a", one, 1, at(0)),
        ("output_line", "a", two, 3, at(0)),
        ("input_line", "a", three, 2, at(0)),
        ("input_line", "b", two, 1, at(3)),
    }
    assert profile.entities.is_empty()


def test_without_answers_no_line_is_looked_at() -> None:
    line = "This is a line that is long enough to be told again"
    profile = profile_batch(canonical([{"account_id": "a", "timestamp": at(0), "prompt": line, "response": None}]))
    assert profile.links.is_empty()
    profile = profile_batch(canonical([{"account_id": "a", "timestamp": at(0), "response": line}]))
    assert profile.links["kind"].to_list() == ["output_line"]
