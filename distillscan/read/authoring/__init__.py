"""Help for writing a schema of one's own: a first guess from a log, and a trial on its first rows."""
