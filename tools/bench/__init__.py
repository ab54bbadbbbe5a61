"""Benches: what is measured, by whom at once, and the report that people and machines read."""
