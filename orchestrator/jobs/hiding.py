"""Hides this process's secrets from other processes of the same user."""

import ctypes
import sys

PR_SET_DUMPABLE = 4


def hide_process() -> None:
    """Let no process of the same user read this one's environment and memory, or attach to it.

    The browser and the readers of documents are its children. Without this, somebody who takes over one of them could
    read the keys in `/proc/<parent>/environ`. The programs that are started from here are not hidden, and root can
    still read everything. Only Linux has this: https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
