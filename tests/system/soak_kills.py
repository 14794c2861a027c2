"""kill -9 in the middle of backup, repair and drain, again and again, over a ring of real nodes.

After each cycle nothing may be lost; now and then, and at the end, the folder is restored and compared. Run by
scripts/soak kills; it prints its seed, and the cycle in which something went wrong.
"""

import argparse
import os
import random
import subprocess
import time

from ring import PEERSTORE, RingTest, wait_until
from tree import difference, facts, make_tree

PERSONS = 8
COMPARED_EVERY = 10


class Soak:
    def __init__(self, ring, seed):
        self.ring = ring
        self.dice = random.Random(seed)
        self.homes = ring.make_ring(PERSONS)
        self.owner = self.homes[0]
        self.friends = self.homes[1:]
        self.tree = ring.work / "tree"
        make_tree(self.tree, files=120, big=4_000_000)
        self.kills = 0
        self.owner.run("unlock")
        self.finish_backup()

    # ---- what is done to it ----

    def kill(self, home):
        home.healthy()  # it did not end by itself
        home.kill()
        self.kills += 1

    def kill_now_and_then(self, until_done):
        """Kills a friend's node, starts it again, and so on, while something goes on."""
        while not until_done():
            time.sleep(self.dice.uniform(0, 0.6))
            victim = self.dice.choice(self.friends)
            self.kill(victim)
            time.sleep(self.dice.choice([0, 0, 0.5]))
            victim.start()

    def background(self, home, *arguments):
        return subprocess.Popen([PEERSTORE, "--home", str(home.path), "-q", *map(str, arguments)],
                                env=home.environment(), stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def change_some_files(self):
        files = sorted(path for path in self.tree.rglob("file-*.txt") if os.access(path, os.W_OK))
        for path in self.dice.sample(files, 5):
            path.write_bytes(self.dice.randbytes(self.dice.choice([10, 5000, 300_000])))
        (self.tree / f"new-{self.dice.randrange(20)}").write_bytes(self.dice.randbytes(2_000_000))

    def backup(self):
        """Friends die meanwhile; or the command itself."""
        self.change_some_files()
        command = self.background(self.owner, "backup", self.tree)
        if self.dice.random() < 0.4:
            time.sleep(self.dice.uniform(0, 1.5))
            command.kill()
            self.kills += 1
        self.kill_now_and_then(lambda: command.poll() is not None)
        self.finish_backup()

    def repair(self):
        """A friend loses some files of its disk, and others die while they help it."""
        victim = self.dice.choice(self.friends)
        self.kill(victim)
        files = sorted((victim.path / "node" / "chunks").glob("??/*"))
        for path in self.dice.sample(files, min(3, len(files))):
            if self.dice.random() < 0.5:
                path.unlink()
                continue
            with path.open("r+b") as file:
                file.seek(self.dice.randrange(path.stat().st_size))
                byte = file.read(1)
                file.seek(-1, os.SEEK_CUR)
                file.write(bytes([byte[0] ^ 0x10]))
        victim.start()
        end = time.monotonic() + 3
        self.kill_now_and_then(lambda: time.monotonic() > end)

    def drain(self):
        """A friend is emptied, or begins to be; its node, and those who take what it has, die meanwhile."""
        leaving = self.dice.choice(self.friends)
        command = self.background(leaving, "node", "drain")
        end = time.monotonic() + self.dice.choice([2, 6])
        self.kill_now_and_then(lambda: command.poll() is not None or time.monotonic() > end)
        command.kill()
        command.wait()
        leaving.run("node", "drain", "--undo")

    # ---- what must hold ----

    def finish_backup(self):
        def is_safe():
            summary, code = self.owner.json("backup", self.tree, check=False)
            return code == 0 and summary["safe"]

        wait_until(is_safe, "the backup is safe")

    def check(self):
        status, _ = self.owner.json("status")
        assert status["files_lost"] == 0, status
        for home in self.friends:
            for key, classes in home.chunk_classes().items():
                assert len(classes) < 5, f"{home.name} holds all of pack {key.hex()}"

    def compare(self):
        everybody = lambda: self.ring.members_online(self.owner) == PERSONS
        wait_until(everybody, "all are on line")
        target = self.ring.work / "restored"
        subprocess.run(["rm", "-rf", str(target)], check=True)
        self.owner.run("restore", "--to", target)
        found = difference(facts(self.tree), facts(str(target) + str(self.tree)))
        assert found == "", found

    def cycle(self, number):
        what = self.dice.choice([self.backup, self.backup, self.repair, self.drain])
        began = time.monotonic()
        what()
        self.check()
        if number % COMPARED_EVERY == 0:
            self.compare()
        print(f"cycle {number}: {what.__name__}, {self.kills} kills so far, {time.monotonic() - began:.1f} s",
              flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    ring = RingTest()
    ring.setUp()
    try:
        soak = Soak(ring, options.seed)
        for number in range(1, options.cycles + 1):
            soak.cycle(number)
        soak.finish_backup()
        soak.compare()
        print(f"{options.cycles} cycles with {soak.kills} kills: every file came back")
    finally:
        ring.doCleanups()


if __name__ == "__main__":
    main()
