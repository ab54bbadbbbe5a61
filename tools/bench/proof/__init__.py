"""How fast the log is: `python -m tools.bench.proof`."""
