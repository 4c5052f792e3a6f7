"""The practical limit of anything that looks at every prompt: read the log once and hash every prompt byte.

Run in the repository: python benchmarks/speed/baselines/scan.py LOG.parquet
"""

import sys

import polars as pl


def hash_prompts(log: str) -> int:
    """Return the sum of the hashes of all prompts."""
    hashed = pl.scan_parquet(log).select(pl.col("prompt").hash().sum())
    return int(hashed.collect(engine="streaming").item())


if __name__ == "__main__":
    print(hash_prompts(sys.argv[1]))
