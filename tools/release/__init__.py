"""The contract as it was released: a folder for each version, kept from edits by checksums."""
