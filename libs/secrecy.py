"""Keeping keys and PINs out of what a dying process leaves behind."""

import ctypes
import os
import resource

_PR_SET_DUMPABLE = 4


def forbid_dumps() -> None:
    """No core file of this process, and none for a program that the kernel would hand it to.

    RLIMIT_CORE alone does not hold for such a program (core(5)); an undumpable process can also
    not be traced by others of its user. A child must say it again, for `exec` takes it back.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
