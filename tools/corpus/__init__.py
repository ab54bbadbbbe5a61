"""Hostile PDF files, built here and never downloaded: each kind attacks one rule of the verdict.

`python -m tools.corpus` builds them, judges them as the workers do, and compares the verdicts
with the checked-in table.
"""
