"""Runs a command and looks at the disk before each call that changes a file: that is what kill -9 would leave.

crash_points.c, loaded into the command, asks before each such call and waits.
"""

import os
import pathlib
import subprocess

from ring import PEERSTORE

LIBRARY = pathlib.Path(os.environ.get("CRASH_POINTS", pathlib.Path(PEERSTORE).parent / "tests/libcrash_points.so"))


def run(command, environment, look):
    """Calls look() at each such point, with every thread of the command that would change a file waiting there. The
    exit code; if look() says True, the command is killed there."""
    if not LIBRARY.exists():
        raise RuntimeError(f"{LIBRARY} is not there: build the target crash_points")
    asked, ask_by = os.pipe()
    answered_by, answer = os.pipe()
    process = subprocess.Popen(
        command,
        env=dict(environment, LD_PRELOAD=str(LIBRARY.resolve()), PEERSTORE_CRASH_POINTS=f"{ask_by} {answered_by}"),
        pass_fds=(ask_by, answered_by),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(ask_by)
    os.close(answered_by)
    points = 0
    try:
        while os.read(asked, 1):
            points += 1
            if look():
                process.kill()
                break
            os.write(answer, b".")
    except BaseException:
        process.kill()
        raise
    finally:
        os.close(asked)
        os.close(answer)
        code = process.wait()
    if points == 0:
        raise RuntimeError(f"{command} changed no file, or did not ask: is it linked statically?")
    return code
