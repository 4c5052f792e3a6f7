"""Client addresses out of what proxies, load balancers and databases write around them."""

from ipaddress import AddressValueError, IPv6Address
from typing import Final, NamedTuple

import polars as pl

#: An address as most logs write it: nothing but digits and dots, or lower-case groups without zeros in front of them.
_PLAIN: Final = r"^(?:[0-9.]+|[1-9a-f][0-9a-f]{0,3}(?::|:[1-9a-f][0-9a-f]{0,3})*)$"
_MAPPED: Final = r"(?:(?:0{0,4}:){2,5}ffff(?::0)?:)"
#: What may stand before and after an address: quotation marks and brackets, a slash (Java), ``for=`` (RFC 7239).
_BEFORE: Final = r"(?i)^[\s\"'(\[{/]*(?:for=[\"'\[]*)?"
_AFTER: Final = r"(?:%[\w.~-]+)?\]?(?::\d{1,5})?(?:/(?:32|128))?[\"')\]}]*(?:\s*;.*)?\s*$"
_FOUR: Final = rf"{_BEFORE}{_MAPPED}?((?:\d{{1,3}}\.){{3}}\d{{1,3}}){_AFTER}"
#: Eight groups and a port, without brackets; else whatever looks like groups.
_SIX_AND_PORT: Final = rf"{_BEFORE}((?:[0-9a-f]{{1,4}}:){{7}}[0-9a-f]{{1,4}}):\d{{1,5}}\s*$"
_SIX: Final = rf"{_BEFORE}([0-9a-f]{{0,4}}:[0-9a-f:]*:[0-9a-f.:]*){_AFTER}"
#: Networks that are not the internet: an address in one of them is that of a proxy, or of a machine behind one.
_INTERNAL: Final = (
    r"^(?:0|10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\."
    r"|^(?:::1?$|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:)"
)


class Addresses(NamedTuple):
    """Addresses of clients, and the rows in which one was taken out of a list, or out of anything else around it."""

    values: pl.Series
    lists: int
    others: int


def read_addresses(text: pl.Series) -> Addresses:
    """Take the client's address out of each text: no port, zone, brackets or further hops, IPv6 as RFC 5952 writes it.

    Of several addresses (``X-Forwarded-For``) the first that is not internal is the client's; if all are, the first.
    IPv4 in IPv6 is IPv4. What holds no address (a hash, ``localhost``) stays as it is.
    """
    distinct = text.unique().drop_nulls()
    odd = distinct.filter(~distinct.str.contains(_PLAIN))
    if odd.is_empty():
        return Addresses(text, 0, 0)
    found = _clients(odd)
    found = found.filter(pl.col("text") != pl.col("client"))
    if found.is_empty():
        return Addresses(text, 0, 0)
    changed = text.is_in(found["text"].implode())
    lists = int(text.filter(changed).str.contains(",", literal=True).sum())
    return Addresses(text.replace(found["text"], found["client"]), lists, int(changed.sum()) - lists)


def _clients(texts: pl.Series) -> pl.DataFrame:
    """The texts that hold an address, and the client's."""
    hops = pl.DataFrame({"text": texts, "hop": texts.str.split(",")}).explode("hop")
    four, six = pl.col("hop").str.extract(_FOUR), pl.col("hop").str.extract(_SIX_AND_PORT)
    six = pl.coalesce(six, pl.col("hop").str.extract(_SIX)).str.to_lowercase()
    found = hops.select("text", pl.coalesce(four, six).alias("address")).drop_nulls()
    written = found["address"].unique()
    written = written.filter(written.str.contains(":", literal=True) & ~written.str.contains(_PLAIN))
    short = pl.Series([_shorten(address) for address in written], dtype=pl.String)
    found = found.with_columns(pl.col("address").replace(written, short)).drop_nulls()
    internal = pl.col("address").str.contains(_INTERNAL)
    return found.group_by("text", maintain_order=True).agg(
        pl.coalesce(pl.col("address").filter(~internal).first(), pl.col("address").first()).alias("client")
    )


def _shorten(address: str) -> str | None:
    """An IPv6 address in its shortest form, or the IPv4 address in it; ``None`` if it is none."""
    try:
        value = IPv6Address(address)
    except AddressValueError:
        return None
    return str(value.ipv4_mapped or value)
