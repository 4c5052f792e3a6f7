"""The output formats: each is a view of the result document."""
