"""`python -m tools.bench.eventstore`: the event store against raw PostgreSQL and its peers."""
