"""Mutation testing: small changes of the rules' code, each of which some unit test must notice."""
