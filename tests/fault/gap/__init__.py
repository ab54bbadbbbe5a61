"""The gap test: does a reader of the store miss an event while everything goes wrong around it?

`python -m tests.fault.gap --minutes 10`; what it does and what it found is in
docs/operations/gap-test.md.
"""
