"""The directory's rules, one module for each aggregate: pure functions over frozen state."""
