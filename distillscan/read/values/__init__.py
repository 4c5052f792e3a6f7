"""Source values as canonical text, numbers and times, whatever format they came in."""
