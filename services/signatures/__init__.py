"""The signatures service: signing orders, verdicts, timestamps, evidence."""
