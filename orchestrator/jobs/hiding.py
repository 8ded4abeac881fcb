"""Keeping what this process holds from everything else that runs as the same user."""

import ctypes
import sys

PR_SET_DUMPABLE = 4


def hide_process() -> None:
    """Let no process of the same user read this one's environment and memory, or attach to it.

    The browser and the readers of documents are its children: what takes one of them over finds the keys in
    `/proc/<parent>/environ` otherwise. Each program that is started from here is as open as ever, and root is not kept
    out. Linux alone has it: https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
