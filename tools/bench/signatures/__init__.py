"""How fast signatures are made and judged: `python -m tools.bench.signatures`."""
