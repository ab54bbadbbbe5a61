"""The rules of documents, one module for each aggregate: pure functions over frozen state."""
