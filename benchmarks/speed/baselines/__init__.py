"""What the tool is timed against, each a script of its own: ``python FILE LOG.parquet``."""
