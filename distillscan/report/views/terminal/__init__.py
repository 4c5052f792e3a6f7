"""The report for people at a terminal: a ranked table, a panel for each cluster, and what was and was not checked."""
