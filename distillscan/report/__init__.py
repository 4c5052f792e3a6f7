"""The report: its document is built and described here, saved and read back, and shown by the formats in ``views``."""
