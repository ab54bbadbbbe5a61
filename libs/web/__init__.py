"""The HTTP edge of every service.

This file imports nothing, so that `import libs.web.patch` can be the first thing that a service
process does.
"""
