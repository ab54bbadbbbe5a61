"""The fault tests in their long form, and the report of what held."""
