"""A friend that gives 100 GB of a disk of 64 MB: filled as far as it goes, and emptied again. Run by scripts/soak disk.
"""

import os
import subprocess
import sys

from ring import RingTest, wait_until
from tree import difference, facts

DISK = 64 << 20
FILES = 40
FILE_BYTES = 8_000_000


def free_bytes(folder):
    space = os.statvfs(folder)
    return space.f_bavail * space.f_frsize


def small_disk(ring, folder):
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode != 0:
        sys.exit(f"Nothing was tried: mounting is not allowed here ({mounted.stderr.decode().strip()}).")
    ring.addCleanup(subprocess.run, ["umount", "--lazy", str(folder)])


def main():
    ring = RingTest()
    ring.setUp()
    try:
        homes = ring.make_ring(4, copies=1, arguments=("--no-colours",))
        owner = homes[0]
        small_disk(ring, ring.work / "small")
        link = owner.run("--quiet", "invite", "small").stdout.decode().strip()
        small = ring.home("small")
        small.run("join", link, "--user", "small", "--machine", "small", "--give", "100G")
        small.start()
        wait_until(lambda: ring.members_online(owner) == 5, "all are on line")
        owner.run("unlock")

        tree = ring.work / "tree"
        tree.mkdir()
        least = free_bytes(small.path)
        for i in range(FILES):
            (tree / f"{i}").write_bytes(os.urandom(FILE_BYTES))
            summary, code = owner.json("backup", tree)
            assert code == 0 and summary["safe"], summary
            least = min(least, free_bytes(small.path))
        health, code = small.json("node", "health")
        assert code == 0, health
        assert health["bytes_usable"] < DISK < health["bytes_given"], health
        held = sum(file.stat().st_size for file in (small.path / "node" / "chunks").glob("??/*"))
        print(f"filled: {held >> 20} MiB of chunks, never less than {least >> 10} KiB free; {health}")
        assert held > DISK // 2 and least > 0

        small.run("node", "drain")
        left = [file for file in (small.path / "node" / "chunks").glob("??/*")]
        assert not left, left
        target = ring.work / "restored"
        owner.run("restore", "--to", target)
        found = difference(facts(tree), facts(str(target) + str(tree)))
        assert found == "", found
        print("emptied, and every file came back")
    finally:
        ring.doCleanups()


if __name__ == "__main__":
    main()
