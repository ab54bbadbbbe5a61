"""Tokens and HSMs (PKCS#11, OASIS 2.40): where one is, why not, and how it is opened.

A process that only names tokens loads `place` alone; `session` loads PKCS#11.
"""
