"""One reader a file format, each yielding chunks of source columns."""
