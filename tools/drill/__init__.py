"""`python -m tools.drill`: backup and restore of store, blobs and log, carried out and checked."""
