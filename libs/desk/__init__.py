"""The desk (bàn xử lý): what a service gave up, and what two people decide about it.

Events, jobs and packets that failed for good are all dead letters: one list, one way to decide. One
person asks with a reason, a second one confirms, and then it is done at once. Everything decided
is an event and kept for ever; the desk itself keeps only which requests wait for a second person.
"""
