"""What an analyst would run instead of distillscan: two queries over the log in DuckDB.

The first finds prompts whose first eight words are shared by five accounts or more, the second counts pairs of accounts
that share an address which 2 to 50 accounts use.

Run in the repository: python benchmarks/speed/baselines/duckdb_queries.py LOG.parquet
"""

import os
import sys
from typing import Final, NamedTuple

import duckdb

_SHARED_BEGINNINGS: Final = """
    WITH beginnings AS (
        SELECT account_id, hash(array_to_string(list_slice(string_split(prompt, ' '), 1, 8), ' ')) AS words
        FROM read_parquet(?)
    )
    SELECT words, count(*) AS requests, count(DISTINCT account_id) AS accounts
    FROM beginnings GROUP BY words HAVING accounts >= 5 ORDER BY requests DESC LIMIT 20
"""
_PAIRS: Final = """
    WITH uses AS (SELECT DISTINCT ip, account_id FROM read_parquet(?)),
         shared AS (SELECT ip FROM uses GROUP BY ip HAVING count(*) BETWEEN 2 AND 50)
    SELECT count(*) FROM (
        SELECT one.account_id, other.account_id, count(*) AS addresses
        FROM uses AS one JOIN uses AS other USING (ip) JOIN shared USING (ip)
        WHERE one.account_id < other.account_id GROUP BY 1, 2
    )
"""


class Answers(NamedTuple):
    """How many shared beginnings of prompts (20 at most) and how many pairs of accounts there are."""

    beginnings: int
    pairs: int


def ask(log: str, threads: int) -> Answers:
    """Run both queries."""
    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}")
    beginnings = connection.execute(_SHARED_BEGINNINGS, [log]).fetchall()
    [(pairs,)] = connection.execute(_PAIRS, [log]).fetchall()
    return Answers(len(beginnings), pairs)


if __name__ == "__main__":
    print(ask(sys.argv[1], os.cpu_count() or 1))
