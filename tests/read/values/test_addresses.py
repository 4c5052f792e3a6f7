"""The client's address is taken out of whatever proxies, load balancers and databases write around it."""

import ipaddress

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.read.values.addresses import read_addresses


def read(*texts: str | None) -> list[str | None]:
    return read_addresses(pl.Series(texts, dtype=pl.String)).values.to_list()


@pytest.mark.parametrize(
    ("text", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        (" 192.0.2.7 ", "192.0.2.7"),
        ("192.0.2.7:51234", "192.0.2.7"),
        ("192.0.2.7/32", "192.0.2.7"),
        ("/192.0.2.7:51234", "192.0.2.7"),
        ('"192.0.2.7"', "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("[::FFFF:192.0.2.7]:443", "192.0.2.7"),
        ("::ffff:c000:207", "192.0.2.7"),
        ("0:0:0:0:0:ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("2001:DB8:0:0:0:0:0:7", "2001:db8::7"),
        ("2001:0db8::0007", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("2001:db8:0:0:0:0:0:7:443", "2001:db8::7"),
        ("2001:db8::7/128", "2001:db8::7"),
        ("fe80::7%eth0", "fe80::7"),
        ("[fe80::7%25en1]:80", "fe80::7"),
        ("::1", "::1"),
    ],
)
def test_what_is_around_an_address(text: str, client: str) -> None:
    assert read(text) == [client]
    assert read("192.0.2.1", text, None) == ["192.0.2.1", client, None]


@pytest.mark.parametrize(
    ("hops", "client"),
    [
        ("192.0.2.7, 198.51.100.1", "192.0.2.7"),
        ("192.0.2.7,10.0.0.1", "192.0.2.7"),
        ("10.0.0.5, 192.0.2.7, 10.0.0.1", "192.0.2.7"),
        ("fd00::5, 2001:db8::7", "2001:db8::7"),
        ("100.64.0.9, 192.168.1.1, 172.16.0.1, 172.15.0.1", "172.15.0.1"),
        ("10.0.0.5, 10.0.0.1", "10.0.0.5"),
        ("unknown, 192.0.2.7:80", "192.0.2.7"),
        ('["192.0.2.7","10.0.0.1"]', "192.0.2.7"),
        ("['192.0.2.7', '10.0.0.1']", "192.0.2.7"),
        ('for="[2001:db8::7]:4711";proto=https, for=192.0.2.1', "2001:db8::7"),
        ("For=192.0.2.7; by=10.0.0.1", "192.0.2.7"),
    ],
)
def test_of_several_hops_the_first_that_is_not_internal(hops: str, client: str) -> None:
    assert read(hops) == [client]


@pytest.mark.parametrize("text", ["localhost", "a1b2c3d4", "proxy:8080", "12:34:56", "00:1b:44:11:3a:b7", "", "1, 2"])
def test_what_holds_no_address_stays_as_it_is(text: str) -> None:
    assert read(text, None) == [text, None]


def test_what_was_changed_is_counted() -> None:
    found = read_addresses(pl.Series(["192.0.2.7", "192.0.2.7:80", "192.0.2.7, 10.0.0.1", "192.0.2.7:80", None, "x"]))
    assert (found.lists, found.others) == (1, 2)
    clean = pl.Series(["192.0.2.7", "2001:db8::7", None])
    assert read_addresses(clean).values is clean


ADDRESSES = st.ip_addresses().map(str)


@given(st.lists(ADDRESSES, min_size=1), st.integers(1, 65535))
def test_ports_and_spellings_change_nothing(addresses: list[str], port: int) -> None:
    """Every spelling of an address is read as the shortest one: the same hosts, however a log was written."""
    plain = [ipaddress.ip_address(one) for one in addresses]
    mapped = [getattr(one, "ipv4_mapped", None) or one for one in plain]
    expected = list(map(str, mapped))
    ported = [f"[{one}]:{port}" if one.version == 6 else f"{one}:{port}" for one in plain]
    for spellings in (addresses, ported, [one.exploded.upper() for one in plain]):
        assert read(*spellings) == expected


@given(st.lists(st.text() | st.text("0123456789abcdef:.[]%,/ ")))
def test_any_text_gives_as_many_values(texts: list[str]) -> None:
    found = read(*texts)
    assert len(found) == len(texts)
    assert read(*found) == found
