"""Checks the demo's report against the evidence: the event table, the PDFs, the axis' packets.

It shares no code with the services and the demo: what they say is worked out again from what is
stored, so an error in a projection, a view or the report is found.
"""
