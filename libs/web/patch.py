"""Import this before anything else in a process that nameko serves.

`services/<name>/service.py` begins with

    import libs.web.patch  # noqa: F401
    # isort: split

Sockets, locks and psycopg2 then yield to other requests while they wait. Worker processes that
do heavy work (signing, COPY) must not import it.
"""

import eventlet

eventlet.monkey_patch()
