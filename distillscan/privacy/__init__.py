"""What may leave the tool: pseudonyms for identities, and what a report discloses of every column."""
