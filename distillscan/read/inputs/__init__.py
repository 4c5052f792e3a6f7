"""Find the files behind the given paths, fetch remote ones, and record what could not be read."""
