"""Sealing: every event of the store becomes an entry of a transparency log. See docs/adr/0014.

shards     one log for each Vietnamese year: names, and when a new one begins (pure)
memory     what was signed last, kept outside the database
keys       where the log's keys are
notary     signs what follows from what was signed last, and nothing else
files      a shard's tiles, bundles and checkpoints on disk
past       whether store, files and memory still agree, before anything is signed
seal       from rows to a signed checkpoint
witnesses  co-signatures
"""
