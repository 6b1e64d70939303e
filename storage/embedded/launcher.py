"""Runs in a child before the server replaces it; run by path with `python -I -S`, so it imports the stdlib alone.

On Linux the child dies with its parent. As root it becomes nobody, since PostgreSQL refuses root, and keeps one
capability, so that a tree under a closed home need not be opened to others.

usage: launcher.py PARENT_PID UID SIGNAL PROGRAM ARGUMENT…
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG, PR_SET_SECUREBITS, PR_CAP_AMBIENT = 1, 28, 47
SECBIT_NO_SETUID_FIXUP = 1 << 2  # else access() drops the capability and postgres cannot find its own executable
CAP_DAC_OVERRIDE = 1 << 1
CAPABILITY_VERSION_3 = 0x20080522


def become(libc: ctypes.CDLL, uid: int) -> None:
    """Gives up root for `uid`; exits with one line where a container took the capability away."""
    libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    head = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(CAP_DAC_OVERRIDE, CAP_DAC_OVERRIDE, CAP_DAC_OVERRIDE, 0, 0, 0)
    if libc.capset(head, sets) or libc.prctl(PR_CAP_AMBIENT, 2, 1, 0, 0):
        sys.exit("loanfile: this container may not keep CAP_DAC_OVERRIDE; start loanfile as an ordinary user instead of root")


def main() -> None:
    """Prepares the process and replaces it by the program."""
    parent, uid, signal = (int(a) for a in sys.argv[1:4])
    libc = ctypes.CDLL(None, use_errno=True)
    if uid:
        become(libc, uid)
    if signal and sys.platform == "linux":
        libc.prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)  # after the change of uid, which clears it
    if signal and os.getppid() != parent:
        sys.exit("loanfile: the parent is gone")
    os.execv(sys.argv[4], sys.argv[4:])  # noqa: S606  # the program is ours to name


main()
