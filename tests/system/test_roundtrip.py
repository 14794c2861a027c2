"""The promise: a ring keeps a folder, loses machines, and gives every file back."""

import fcntl
import os
import pathlib
import random
import subprocess
import unittest

from ring import PATIENCE, PEERSTORE, RingTest, wait_until
from tree import copy_real_files, difference, facts, make_tree


class Roundtrip(RingTest):
    EAGER = ("--repair-rate", "1G")

    def restore_on_an_empty_home(self, owner, way_in):
        """The owner's laptop is gone: only a printed kit and one friend's address are left."""
        empty = self.home("empty")
        empty.run("recovery", "use", "--kit", self.work / "kit.txt", "--bootstrap", way_in.address)
        target = self.work / "restored"
        summary, code = empty.json("restore", "--bootstrap", way_in.address, "--to", target)
        self.assertEqual(code, 0, summary)
        return target

    def assert_no_machine_holds_a_whole_pack(self, homes):
        packs = 0
        for home in homes:
            for key, classes in home.chunk_classes().items():
                packs += 1
                self.assertLess(len(classes), 5, f"{home.name} holds all of pack {key.hex()}")
        self.assertGreater(packs, 0)

    def assert_nothing_readable(self, homes, tree):
        """No name and no 16 bytes of plaintext on any friend's disk."""
        needles = set()
        for folder, _, files in os.walk(os.fsencode(tree)):
            for name in files:
                if len(name) >= 8:
                    needles.add(name)
                path = folder + b"/" + name
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as file:
                        data = file.read(1 << 20)
                    for at in range(0, max(0, len(data) - 16), max(16, len(data) // 3)):
                        if len(set(data[at : at + 16])) > 6:
                            needles.add(data[at : at + 16])
        needles = [needle for needle in sorted(needles) if b"\n" not in needle and b"\0" not in needle]
        needles = needles[:: max(1, len(needles) // 2000)]
        self.assertGreater(len(needles), 20)
        patterns = self.work / "needles"
        patterns.write_bytes(b"\n".join(needles) + b"\n")
        disks = [str(home.path / "node") for home in homes]
        found = subprocess.run(["grep", "-rlaF", "-f", str(patterns), *disks],
                               capture_output=True, env={"LC_ALL": "C", "PATH": os.environ["PATH"]})
        self.assertEqual(found.returncode, 1, found.stdout + found.stderr)  # 1: nothing found

    def keep_and_give_back(self, count, fill):
        homes = self.make_ring(count)
        owner = homes[0]
        tree = self.work / "tree"
        fill(tree)
        before = facts(tree)
        summary, code = owner.json("backup", tree)
        self.assertEqual(code, 0, summary)
        self.assertTrue(summary["safe"])
        self.assertEqual(summary["copies_least"], 3)
        self.assert_no_machine_holds_a_whole_pack(homes)
        self.assert_nothing_readable(homes[1:], tree)
        owner.run("recovery", "make", "-o", self.work / "kit.txt")

        for home in homes[1:3]:
            home.kill()
        owner.kill()
        target = self.restore_on_an_empty_home(owner, homes[-1])
        after = facts(str(target) + str(tree))
        self.assertEqual(difference(before, after), "")

    def held(self, home):
        """Of the chunks of friends: how many, and how many bytes."""
        files = [file for file in (home.path / "node" / "chunks").glob("??/*") if len(file.name) == 64]
        return len(files), sum(file.stat().st_size for file in files)

    def test_a_machine_is_emptied_and_leaves(self):
        # Repair at the usual rate takes its time.
        homes = self.make_ring(7, node=self.EAGER)
        owner, leaving = homes[0], homes[3]
        owner.run("unlock")
        tree = self.work / "tree"
        make_tree(tree)
        # A friend has a part of every other pack, by chance. Each backup makes a pack at least.
        for backup in range(8):
            (tree / "again").write_bytes(os.urandom(1000))
            owner.run("backup", tree)
        before = {home.name: self.held(home)[1] for home in homes}
        self.assertGreater(before[leaving.name], 0)
        preview, _ = leaving.json("node", "drain", "-n")
        self.assertEqual(preview["chunks"], self.held(leaving)[0])
        self.assertEqual(preview["without_a_place"], 0)

        done, code = leaving.json("node", "drain")
        self.assertEqual((code, done["chunks"]), (0, 0))
        self.assertEqual(self.held(leaving), (0, 0))
        taken = sum(self.held(home)[1] - before[home.name] for home in homes if home is not leaving)
        self.assertAlmostEqual(taken, before[leaving.name], delta=taken * 0.05)
        self.assertAlmostEqual(sum(each["bytes"] for each in preview["friends"]), taken, delta=taken * 0.05)

        self.leave(leaving)
        leaving.kill()
        self.wait_until_gone("m3", [home for home in homes if home is not leaving])
        status, _ = owner.json("status")
        self.assertGreater(status["files_safe"], 0)
        self.assertEqual(status["files_at_risk"] + status["files_unreachable"] + status["files_lost"], 0)
        self.assertNotEqual(leaving.run("node", check=False).returncode, 0)
        self.somebody_comes([home for home in homes if home is not leaving])

    def somebody_comes(self, homes):
        """Who is told beforehand how much each friend would bring, and gets that."""
        link = homes[0].run("--quiet", "invite", "newcomer").stdout.decode().strip()
        newcomer = self.home("newcomer")
        joining = ["join", link, "--user", "newcomer", "--machine", "m9", "--give", "20G"]
        previews = []

        def look():
            preview, code = newcomer.json(*joining, "-n")
            self.assertEqual(code, 0)
            self.assertFalse(newcomer.path.exists())
            self.assertEqual(len(preview["friends"]), len(homes))
            previews.append(preview)
            return preview["complete"]

        wait_until(look, "all friends say what they would bring")
        preview = previews[-1]
        self.assertGreater(preview["bytes"], 0)
        self.assertIn(b"In all ", newcomer.run(*joining, "-n").stdout)
        newcomer.run(*joining)
        newcomer.start(*self.EAGER)
        expected = (preview["chunks"], preview["bytes"])
        wait_until(lambda: self.held(newcomer) == expected, "what was foreseen has come to the newcomer",
                   3 * PATIENCE)
        again, code = newcomer.json(*joining, "-n", check=False)
        self.assertNotEqual(code, 0, again)

    def leave(self, home, *arguments):
        """Locked, and with a passphrase that can be read once."""
        read, write = os.pipe()
        os.write(write, (self.work / "passphrase").read_bytes())
        os.close(write)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PEERSTORE_PASS")}
        home.run("--passphrase-fd", read, "leave", *arguments, env=environment, pass_fds=[read])
        os.close(read)

    def wait_until_gone(self, name, homes):
        wait_until(lambda: all(self.members(home)[name]["gone"] for home in homes), f"all know that {name} left")

    def test_friends_know_who_left_though_its_node_dies_at_once_and_sleepers_hear_it_later(self):
        homes = self.make_ring(3)
        leaving, asleep = homes[1], homes[2]
        asleep.kill()
        self.leave(leaving, "--now")
        leaving.kill()
        self.wait_until_gone("m1", homes[:1])
        asleep.start()
        self.wait_until_gone("m1", [asleep])
        # Nobody else is left to hear it: nothing is said, so that it can be said later.
        for home in homes[1:]:
            home.kill()
        wait_until(lambda: self.members_online(homes[0]) == 1, "the last one knows that it is alone")
        alone = homes[0].run("leave", "--now", check=False)
        self.assertEqual(alone.returncode, 5, alone.stderr.decode())
        self.assertIn("no friend is on line", alone.stderr.decode())
        self.assertFalse(self.members(homes[0])["m0"]["gone"])

    def test_eight_friends_give_a_tree_back_after_two_die_and_the_owner_lost_everything(self):
        self.keep_and_give_back(8, make_tree)

    def peak_memory(self, home, *arguments):
        """The most memory that a command took, in MiB. The home is unlocked: deriving keys takes 256 MiB by itself."""
        process = subprocess.Popen([PEERSTORE, "--home", str(home.path), "-q", *map(str, arguments)],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        return usage.ru_maxrss / 1024

    @unittest.skipUnless(os.environ.get("PEERSTORE_LARGE"), "PEERSTORE_LARGE is not set")
    def test_a_file_of_a_hundred_gigabytes_takes_less_than_two_hundred_megabytes_of_memory(self):
        owner = self.make_ring(2, copies=1, arguments=("--no-colours",))[0]
        owner.run("unlock")
        tree = self.work / "tree"
        tree.mkdir()
        # Piece by piece: a child begins with the memory of this process.
        with open(tree / "disk.img", "wb") as file:
            file.truncate(100 << 30)
            file.seek(40 << 30)
            dice = random.Random(1)
            for _ in range(300):
                file.write(dice.randbytes(1 << 20))
        self.assertLess(self.peak_memory(owner, "backup", tree), 200)
        target = self.work / "restored"
        self.assertLess(self.peak_memory(owner, "restore", "--to", target), 200)
        with open(f"{target}{tree}/disk.img", "rb") as file:
            status = os.fstat(file.fileno())
            self.assertEqual(status.st_size, 100 << 30)
            self.assertLess(status.st_blocks * 512, 400_000_000)
            file.seek(40 << 30)
            dice = random.Random(1)
            for _ in range(300):
                self.assertEqual(file.read(1 << 20), dice.randbytes(1 << 20))

    @unittest.skipUnless(os.environ.get("PEERSTORE_LARGE"), "PEERSTORE_LARGE is not set")
    def test_real_files_over_ten_thousand_and_three_hundred_megabytes(self):
        self.keep_and_give_back(8, copy_real_files)

    def test_a_second_backup_sends_almost_nothing_and_getfile_gives_one_file(self):
        homes = self.make_ring(5)
        homes[1].run("unlock")
        tree = self.work / "tree"
        make_tree(tree, files=50, big=2_000_000)
        first, _ = homes[1].json("backup", tree)
        second, _ = homes[1].json("backup", tree)
        self.assertTrue(second["safe"])
        self.assertGreater(first["bytes_new"], 2_000_000)
        self.assertLess(second["bytes_new"], 100_000)

        # Through any member, to a file and to standard output.
        out = self.work / "one.bin"
        homes[1].run("getfile", f"{tree}/big.bin", "-o", out, "--bootstrap", homes[3].address)
        self.assertEqual(out.read_bytes(), (tree / "big.bin").read_bytes())
        shown = homes[1].run("getfile", f"{tree}/odd".replace("odd", "-dash"), "-o", "-")
        self.assertEqual(shown.stdout, b"odd -dash")
        status, code = homes[1].json("status")
        self.assertEqual(code, 0)
        self.assertEqual(status["files_at_risk"] + status["files_unreachable"] + status["files_lost"], 0)
        self.assertGreater(status["files_safe"], 50)
        self.assertEqual((status["copies_least"], status["friends_may_vanish"]), (3, 2))
        self.assertEqual(status["repair_here"]["chunks_to_fetch"], 0)
        below, code = homes[1].json("status", tree)
        self.assertEqual((code, below["type"], below["files_safe"]), (0, "path", status["files_safe"]))
        self.assertIn("  safe         3 of 3   ", homes[1].run("status", tree / "big.bin").stdout.decode())
        self.assertEqual(homes[1].run("status", tree / "no such file", check=False).returncode, 4)

        # While another command of the home is at work, others look, and nothing else.
        with open(homes[1].path / "client.lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            meanwhile, code = homes[1].json("status")
            self.assertEqual((code, meanwhile["files_safe"]), (0, status["files_safe"]))
            shown = homes[1].run("getfile", f"{tree}/-dash", "-o", "-")
            self.assertEqual(shown.stdout, b"odd -dash")
            self.assertIn(b"Another command is at work", shown.stderr)
            self.assertEqual(homes[1].run("backup", tree, check=False).returncode, 11)

    def test_history_and_upkeep(self):
        homes = self.make_ring(5)
        homes[0].run("unlock")
        tree = self.work / "tree"
        make_tree(tree, files=60, big=2_000_000)
        (tree / "skipped.tmp").write_text("not kept")
        everything, _ = homes[0].json("backup", "-n", tree)
        patterns = self.work / "patterns.txt"
        patterns.write_bytes(b"\xef\xbb\xbf*.tmp\r\n\r\n# written on Windows\r\n")
        looked, code = homes[0].json("backup", "-n", "--exclude-from", patterns, tree)
        self.assertEqual((code, looked["dry_run"], looked["files"]), (0, True, everything["files"] - 1))
        self.assertEqual(homes[0].run("backup", "-n", "--exclude-from", self.work, tree, check=False).returncode, 1)
        self.assertGreater(looked["bytes_new"], 2_000_000)
        # PeerStore's own home is left out, of what lies around it, too.
        self.assertEqual(homes[0].run("backup", homes[0].path / "client", check=False).returncode, 2)
        around = homes[0].run("backup", "-n", self.work, check=False)
        self.assertIn(b"own home", around.stderr)
        self.assertNotIn(str(homes[0].path).encode() + b"/", around.stdout)
        self.assertIn(str(homes[1].path).encode() + b"/", around.stdout)
        first, _ = homes[0].json("backup", "--exclude", "*.tmp", tree)
        (tree / "twin.bin").write_bytes(os.urandom(1_500_000))
        (tree / "skipped.tmp").unlink()
        before = facts(tree)
        second, _ = homes[0].json("backup", tree)
        changes = homes[0].run("diff", first["snapshot"], second["snapshot"]).stdout.decode().splitlines()
        self.assertIn(f"M {str(tree)[1:]}/twin.bin", changes)
        self.assertEqual([line for line in changes if line[0] in "+-"], [])
        versions = homes[0].run("versions", tree / "twin.bin").stdout.decode().splitlines()
        self.assertEqual(len(versions), 2)
        self.assertIn(f"{str(tree)[1:]}/twin.bin", homes[0].run("find", "twin.*").stdout.decode())
        verified, code = homes[0].json("verify", "--read-data", "100")
        self.assertEqual((code, verified["problems"]), (0, 0))
        homes[0].run("forget", "--keep-last", "1")
        pruned, _ = homes[0].json("prune")
        self.assertGreater(pruned["packs_deleted"], 0)
        self.assertEqual(pruned["bytes_waiting_for_deletion"], 0)
        trash = [file for home in homes[1:] for file in home.path.rglob("chunks/trash/*")]
        self.assertGreaterEqual(len(trash), 3 * 5 * pruned["packs_deleted"], "three copies of five chunks each")
        snapshots = homes[0].run("snapshots").stdout.decode().splitlines()
        self.assertEqual(len([line for line in snapshots if second["snapshot"][:12] in line]), 1)
        self.assertFalse([line for line in snapshots if first["snapshot"][:12] in line])
        target = self.work / "back"
        homes[0].run("restore", "--to", target)
        self.assertEqual(difference(before, facts(str(target) + str(tree))), "")
        # Once more changes nothing, and a file that was changed is not overwritten unasked.
        again, code = homes[0].json("restore", "--to", target)
        self.assertEqual((code, again["failed"]), (0, 0))
        changed = pathlib.Path(str(target) + str(tree)) / "big.bin"
        changed.write_bytes(b"mine")
        kept, code = homes[0].json("restore", "--to", target, check=False)
        self.assertEqual((code, kept["failed"]), (3, 2), "the two names of one file")
        self.assertEqual(changed.read_bytes(), b"mine")
        homes[0].run("restore", "--to", target, "--overwrite")
        self.assertEqual(difference(before, facts(str(target) + str(tree))), "")

    def test_a_small_ring_says_what_it_cannot_promise(self):
        homes = self.make_ring(3)
        tree = self.work / "tree"
        make_tree(tree, files=10, big=100_000)
        summary, code = homes[0].json("backup", tree, check=False)
        self.assertEqual(code, 5, summary)
        self.assertFalse(summary["safe"])
        self.assertEqual(summary["copies_least"], 1)
        self.assertIn("friend", summary["shortfall"])


if __name__ == "__main__":
    unittest.main()
