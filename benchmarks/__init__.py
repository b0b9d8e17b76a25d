"""Where every figure of the README comes from. ``make bench`` runs all of it and writes RESULTS.md.

No figure is a test: timing decides nothing in ``make test``.
"""
