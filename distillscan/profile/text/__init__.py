"""Hashes, sketches, intents and languages of texts."""
