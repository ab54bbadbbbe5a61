"""`lienthong witness`: a small process by which one agency vouches for another's log.

It co-signs a log's checkpoint (C2SP tlog-witness) when the log has only grown since the last one
that it co-signed, and raises an alarm when a log shows another past. Needs nothing of the platform:
a folder, a name, and the public keys of the logs. See README.md beside this file.
"""
