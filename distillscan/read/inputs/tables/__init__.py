"""Tables of a lakehouse: which of their files, and which rows of these, still count."""
