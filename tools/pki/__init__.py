"""A test PKI shaped like the state's, with a live time-stamp authority and OCSP responder.

For the demo, for laptops and for tests: nothing that it issues is worth anything elsewhere.
"""
