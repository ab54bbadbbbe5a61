"""A stand-in for the national axis (Trục liên thông văn bản quốc gia), for tests and rehearsals.

It speaks the HTTP interface of the axis' public SDK and keeps what it acknowledged. It is an
outsider: it shares nothing with the platform but the way in which headers are signed. For tests
it fails as it is told to (faults.py).
"""
