"""Passphrases, recovery and what a thief gets, with real processes."""

import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import time
import unittest
from pathlib import Path

import crash_points
from ring import PEERSTORE, RingTest, copy_home, wait_until
from tree import difference, facts, make_tree


class Account(RingTest):
    def expect(self, home, code, words, *arguments, **options):
        done = home.run(*arguments, check=False, **options)
        said = (done.stdout + done.stderr).decode(errors="replace")
        self.assertEqual(done.returncode, code, f"{arguments}: {said}")
        for word in words:
            self.assertIn(word, said, arguments)
        return done

    def passphrase(self, name, text):
        """A file with a passphrase; the homes go on using the shared one."""
        path = self.work / f"{name}.txt"
        path.write_text(text + "\n")
        return path

    @staticmethod
    def environment(passphrase=None):
        """Of somebody who has no terminal, and a passphrase or none."""
        environment = {key: value for key, value in os.environ.items() if key != "PEERSTORE_PASSPHRASE_FILE"}
        if passphrase is not None:
            environment["PEERSTORE_PASSPHRASE_FILE"] = str(passphrase)
        return environment

    def test_everything_comes_back_with_a_kit_and_one_friends_address(self):
        homes = self.make_ring(4, copies=2)
        owner = homes[1]
        tree = self.work / "tree"
        make_tree(tree, files=20, big=300_000)
        before = facts(tree)
        owner.run("backup", tree)
        kit = self.work / "kit.txt"
        self.make_kit(owner, kit)
        self.expect(owner, 13, ["not overwritten"], "recovery", "make", "-o", kit)
        self.assertEqual(kit.stat().st_mode & 0o777, 0o600)
        text = kit.read_text()
        self.assertRegex(text, r"Recovery code: ([0-9A-Z]{5}-){12}[0-9A-Z]{5}\n")
        self.assertIn(homes[0].address, text)

        # The owner's laptop burns.
        owner.kill()
        shutil.rmtree(owner.path)

        # One group is mistyped: the message names it, and nothing is left behind.
        empty = self.home("empty")
        code = re.search(r"Recovery code: (\S+)", text).group(1)
        groups = code.split("-")
        groups[6] = groups[6][:4] + ("0" if groups[6][4] != "0" else "1")
        wrong = self.passphrase("wrong-code", "-".join(groups))
        self.expect(empty, 12, ["group 7 of 13"], "recovery", "use", "--code-file", wrong,
                    "--bootstrap", homes[0].address)
        # A code of another person, or of nobody.
        nobody = self.passphrase("nobody", "000G0-40R47-0M30J-E209D-185GT-R38E6-1W81Q-24GK4-2GAHK-C5RRE-34D11-P70XS-3RFGB")
        self.expect(empty, 12, ["no record"], "recovery", "use", "--code-file", nobody,
                    "--bootstrap", homes[0].address)
        self.expect(empty, 5, ["127.0.0.1:1"], "recovery", "use", "--code-file", nobody,
                    "--bootstrap", "127.0.0.1:1")
        self.assertFalse(empty.path.exists(), "a recovery that failed left something behind")

        # In the home of another machine or person nothing is touched, not even what can be had again.
        others = self.copy_of(homes[2], "others")
        (others.path / "identity").unlink()
        for in_the_way in ("node/member", "account"):
            left = facts(others.path)
            self.expect(others, 13, [in_the_way.split("/")[0]], "recovery", "use", "--kit", kit)
            self.assertEqual(difference(left, facts(others.path)), "")
            (others.path / in_the_way).unlink()
        (others.path / "joining").write_text("somebody's claim")
        self.expect(others, 13, ["joining"], "recovery", "use", "--kit", kit)

        # With the kit, whoever of those who are named in it is up; then the whole drive.
        for asleep in (homes[0], homes[2]):
            asleep.stop()
        command = [PEERSTORE, "--home", str(empty.path), "recovery", "use", "--kit", str(kit)]
        look = lambda: (empty.path / "account").exists()
        self.assertNotEqual(crash_points.run(command, empty.environment(), look), 0)
        self.assertFalse((empty.path / "identity").exists())
        began = time.monotonic()
        summary, _ = empty.json("recovery", "use", "--kit", kit)
        recovered = time.monotonic() - began
        self.assertEqual(summary["user"], "p1")
        self.assertEqual(summary["machine"], 1)
        for asleep in (homes[0], homes[2]):
            asleep.start()
        began = time.monotonic() - recovered
        first = next(path for path in sorted(tree.rglob("*")) if path.is_file() and path.stat().st_size > 0)
        done = empty.run("getfile", str(first)[1:], "-o", "-")
        first_byte = time.monotonic() - began
        self.assertEqual(done.stdout, first.read_bytes())
        print(f"\n  recovery use {recovered:.2f} s, first restored byte after {first_byte:.2f} s", flush=True)

        # It is a machine like any other: it serves, and it backs up.
        empty.start()
        empty.run("unlock")
        target = self.work / "back"
        empty.run("restore", "--to", target)
        self.assertEqual(difference(before, facts(str(target) + str(tree))), "")
        self.assertEqual(empty.run("backup", tree).returncode, 0)
        self.recover_by_passphrase_and_kit(kit, first)

    def recover_by_passphrase_and_kit(self, kit, file):
        """A passphrase of one's own opens the record with what the kit has beside its code, and no other does."""
        another = self.home("another")
        use = ("recovery", "use", "--kit", kit, "--with-passphrase", "--machine", "another")
        wrong = self.passphrase("wrong-one", "some other passphrase")
        self.expect(another, 12, ["does not open"], *use, env=self.environment(wrong))
        self.assertFalse(another.path.exists())
        summary, _ = another.json(*use)
        self.assertEqual((summary["user"], summary["machine"]), ("p1", 2))
        self.assertEqual(another.run("getfile", str(file)[1:], "-o", "-").stdout, file.read_bytes())

    def make_kit(self, owner, path):
        """Stopped anywhere, it leaves no kit void before the next one is there to be read."""
        before = (owner.path / "account").read_bytes()
        seen = []

        def look():
            if (owner.path / "account").read_bytes() != before:
                seen.append(path.read_text())

        command = [PEERSTORE, "--home", str(owner.path), "recovery", "make", "-o", str(path)]
        self.assertEqual(crash_points.run(command, owner.environment(), look), 0)
        self.assertEqual(set(seen), {path.read_text()})

    def test_a_generated_passphrase_alone_brings_everything_back(self):
        homes = self.make_ring(3, copies=1)
        link = homes[0].run("--quiet", "invite", "dora").stdout.decode().strip()
        dora = self.home("dora")
        joined = dora.run("--json", "--no-input", "join", link, "--user", "dora", "--give", "20G",
                          env=self.environment())
        words = json.loads(joined.stdout.decode().splitlines()[0])["passphrase"]
        self.assertEqual(len(words.split()), 6)
        (self.work / "dora.passphrase").write_text(words.upper().replace(" ", "  ") + "\n")
        dora.start()
        tree = self.work / "tree"
        make_tree(tree, files=5, big=10_000)
        before = facts(tree)
        dora.run("backup", tree)
        dora.kill()
        shutil.rmtree(dora.path)
        again = self.home("dora")
        wait_until(lambda: again.run("recovery", "use", "--with-passphrase", "--bootstrap", homes[2].address,
                                     check=False).returncode == 0, "a friend has dora's record")
        again.run("restore", "--to", self.work / "back")
        self.assertEqual(difference(before, facts(str(self.work / "back") + str(tree))), "")

    def test_a_passphrase_is_changed_everywhere_and_the_old_one_is_refused(self):
        homes = self.make_ring(3, copies=1)
        owner = homes[2]
        thief = self.home("thief")
        copy_home(owner.path, thief.path)
        new = self.passphrase("new", "quite another passphrase")
        short = self.passphrase("short", "too short")
        self.expect(owner, 12, ["12"], "passwd", "--new-passphrase-file", short)
        self.expect(owner, 2, ["already"], "passwd", "--new-passphrase-file", self.work / "passphrase")
        began = time.monotonic()
        changed, _ = owner.json("passwd", "--new-passphrase-file", new)
        print(f"\n  passwd {time.monotonic() - began:.2f} s", flush=True)
        self.assertEqual(changed["keepers"], 2, "friends, and not the machine itself")
        self.expect(owner, 12, ["does not open"], "snapshots")
        owner.run("snapshots", env=self.environment(new))
        self.check_every_crash_point_of_passwd(homes, owner, new)
        # What a thief copied before opens with the old passphrase still: that is what the command says.
        thief.run("snapshots", "--bootstrap", homes[0].address)
        # Nor does losing the power between the two of them lock anybody out: the account is one file.
        self.assertEqual(sorted(path.name for path in owner.path.iterdir() if path.is_file()),
                         ["account", "client.lock", "identity", "node.lock"])

    def check_every_crash_point_of_passwd(self, homes, owner, before):
        after = self.passphrase("after", "and another one after that")
        records = lambda: {path: path.read_bytes() for path in (homes[0].path / "node/records").glob("????????")}
        told_before = records()  # the owner's among them; those of others may still come
        left = {}  # what a kill would leave of the account: how often, in the order of its first time

        def look():
            account = (owner.path / "account").read_bytes()
            if account not in left:
                home = self.home(f"left-{len(left)}")
                copy_home(owner.path, home.path, "node")
            left[account] = left.get(account, 0) + 1
            if len(left) == 1:
                self.assertLessEqual(told_before.items(), records().items(),
                                     "a friend knows what this home has not kept yet")

        command = [PEERSTORE, "--home", str(owner.path), "passwd", "--new-passphrase-file", str(after)]
        self.assertEqual(crash_points.run(command, self.environment(before), look), 0)
        print(f"  passwd looked at before {list(left.values())} writes", flush=True)
        self.assertEqual(len(left), 2)
        for home, passphrase in zip(self.homes[-2:], (before, after)):
            home.run("snapshots", "--bootstrap", homes[0].address, env=self.environment(passphrase))

    def copy_of(self, home, name):
        """What a thief has, or a person's other machine."""
        copy = self.home(name)
        copy_home(home.path, copy.path)
        shutil.copy(home.environment()["PEERSTORE_PASSPHRASE_FILE"], self.work / f"{name}.passphrase")
        return copy

    def change_elsewhere(self, home, at, friend, command, text):
        """`at`, another machine with the keys of `home`, changes them; `home` has heard of it."""
        before = (home.path / "account").read_bytes()
        at.run(command, "--new-passphrase-file", self.passphrase(text, text), "--bootstrap", friend.address)
        self.use(at, text)
        wait_until(lambda: (home.path / "account").read_bytes() != before, f"{home.name} has the record of {at.name}")

    def use(self, home, text):
        (self.work / f"{home.name}.passphrase").write_text(text + "\n")

    def test_keys_that_are_changed_elsewhere_lock_nobody_out(self):
        homes = self.make_ring(3, copies=1)
        owner, friend = homes[1], homes[0]
        tree = self.work / "tree"
        tree.mkdir()
        (tree / "letter").write_text("of the owner")
        before = facts(tree)
        owner.run("unlock")
        owner.run("backup", tree)
        kept = owner.path / "account.before"

        # The owner's own doing: it is mentioned until the new passphrase has been used here.
        self.change_elsewhere(owner, self.copy_of(owner, "other"), friend, "passwd", "the second passphrase")
        self.assertEqual(kept.stat().st_mode & 0o777, 0o600)
        self.expect(owner, 0, ["changed on another machine", "unlock"], "status")
        self.use(owner, "the second passphrase")
        self.expect(owner, 0, ["changed on another machine", "rekey"], "--quiet", "unlock")
        self.assertFalse(kept.exists())
        self.assertNotIn("changed on another", owner.run("status").stderr.decode())

        # A thief's, by a passphrase: that of before looks, and takes the account back.
        owner.run("unlock", "--remember")
        thief = self.copy_of(owner, "thief")
        owner.run("lock")
        self.change_elsewhere(owner, thief, friend, "passwd", "what the thief likes")
        self.expect(owner, 0, ["changed on another machine"], "restore", "--to", self.work / "back")
        self.assertEqual(difference(before, facts(str(self.work / "back") + str(tree))), "")
        self.expect(owner, 12, ["changed on another machine", "rekey --revoke"], "backup", tree)
        self.expect(owner, 2, ["choose another"], "rekey", "--new-passphrase-file", self.work / "p1.passphrase")
        self.expect(owner, 0, ["New keys"], "rekey", "--new-passphrase-file", self.passphrase("third", "the third passphrase"))
        self.use(owner, "the third passphrase")
        self.assertFalse(kept.exists())
        self.assertEqual(owner.run("backup", tree).returncode, 0)
        for _ in range(2):
            self.assertNotEqual(thief.run("backup", tree, "--bootstrap", friend.address, check=False).returncode, 0)

        # Where the node has not heard of it the command does not take it for the owner's doing, nor wants a passphrase that
        # only the thief knows.
        owner.kill()
        thief = self.copy_of(owner, "quick thief")
        thief.run("passwd", "--new-passphrase-file", self.passphrase("liked", "what the thief likes"), "--bootstrap", friend.address)
        again = ("rekey", "--new-passphrase-file", self.passphrase("fourth", "the fourth passphrase"), "--bootstrap", friend.address)
        said = self.expect(owner, 11, ["if that was not you, the same command again"], *again)
        self.assertNotIn("othing was changed", said.stderr.decode())
        self.expect(owner, 0, ["New keys"], *again)
        self.use(owner, "the fourth passphrase")
        owner.start()

        # By a rekey: what was stored before can be read, though the thief has published since.
        owner.run("unlock", "--remember")
        thief = self.copy_of(owner, "second thief")
        self.change_elsewhere(owner, thief, friend, "rekey", "what the thief likes")
        self.assertFalse((owner.path / "unlock.key").exists(), "it would open the account of before")
        self.assertEqual(owner.ask_node("/api/v1/session/key"), b"", "so would the key that the node had")
        (tree / "malice").write_text("of the thief")
        thief.run("backup", tree, "--bootstrap", friend.address)
        self.expect(owner, 12, ["admin"], "rekey", "--new-passphrase-file", self.work / "third.txt")
        self.expect(owner, 0, ["stored before"], "restore", "--ago", "1s", "--to", self.work / "again")
        self.assertEqual(difference(before, facts(str(self.work / "again") + str(tree))), "")

    def test_recovery_takes_the_record_that_the_ring_will_keep(self):
        """Two machines changed it apart: the newer keys count, whoever is asked first and however new the other is."""
        homes = self.make_ring(3, copies=1)
        owner = homes[1]
        kit = self.work / "kit.txt"
        owner.run("recovery", "make", "-o", kit)
        other = self.copy_of(owner, "other")
        owner.kill()
        new = self.passphrase("new", "the same at both machines")
        for home, command, friend in ((other, "rekey", homes[0]), (owner, "passwd", homes[2])):
            for each in (homes[0], homes[2]):
                each.stop()
            friend.start()
            home.run(command, "--new-passphrase-file", new, "--bootstrap", friend.address)
        homes[0].start()
        empty = self.home("empty")
        empty.run("recovery", "use", "--kit", kit, "--with-passphrase", "--bootstrap", homes[2].address, homes[0].address,
                  env=self.environment(new))
        account = (empty.path / "account").read_bytes()
        epoch = account[account.index(b"PSUSER") + 7 :][:4]
        self.assertEqual(int.from_bytes(epoch, "little"), 1)

    def three_and_a_tree(self):
        """A ring of three, one of whom has something to back up."""
        homes = self.make_ring(3, copies=1)
        tree = self.work / "tree"
        make_tree(tree, files=3, big=1000)
        return homes, homes[0], tree

    def test_commands_need_a_passphrase_unless_the_node_is_unlocked(self):
        homes, owner, tree = self.three_and_a_tree()
        nothing = self.environment()
        self.expect(owner, 12, ["passphrase"], "--no-input", "backup", tree, env=nothing)
        (owner.path / "identity").chmod(0o644)
        self.expect(owner, 13, ["chmod 600"], "leave", "--now")
        (owner.path / "identity").chmod(0o600)
        began = time.monotonic()
        owner.run("unlock")
        print(f"\n  unlock {time.monotonic() - began:.2f} s", flush=True)
        owner.run("--no-input", "backup", tree, env=nothing)
        owner.run("--no-input", "ls", env=nothing)
        # Who finds an unlocked machine lets nobody in, and shuts nobody out.
        for command in (["invite", "eve"], ["revoke", "p2"], ["invites", "revoke", "p2"], ["admins", "add", "p1"],
                        ["node", "drain"], ["leave"], ["passwd"], ["rekey"], ["recovery", "make"]):
            self.expect(owner, 12, ["passphrase"], "--no-input", *command, env=nothing)
        owner.run("--no-input", "invites", env=nothing)
        self.look_for_the_key_in_memory(owner)
        owner.run("lock")
        self.assertEqual(owner.ask_node("/api/v1/session/key"), b"")
        self.expect(owner, 12, ["passphrase"], "--no-input", "ls", env=nothing)
        # A program of another version may take something else for a key.
        self.assertIn(b"of another version", owner.ask_node("/api/v1/session", "POST", b"k" * 64))
        done = self.expect(owner, 5, ["127.0.0.1:1: "], "ls", "--bootstrap", "127.0.0.1:1")
        self.assertRegex(done.stderr.decode(), r"^peerstore: no member of the ring could be reached: 127.0.0.1:1: [^:;\\]*\n")
        owner.run("unlock")
        # After a restart nobody is logged in; the node serves its friends all the same.
        owner.stop()
        owner.start()
        self.expect(owner, 12, ["passphrase"], "--no-input", "ls", env=nothing)
        owner.run("node", "health", env=nothing)
        homes[1].run("backup", tree)
        self.assertGreater(sum(len(classes) for classes in owner.chunk_classes().values()), 0)

        # By a descriptor; never as an argument, or in the environment.
        told = dict(nothing, PEERSTORE_PASSPHRASE="the passphrase of a test")
        self.expect(owner, 12, ["passphrase"], "--no-input", "ls", env=told)
        read, write = os.pipe()
        os.write(write, b"the passphrase of a test\n")
        os.close(write)
        owner.run("--passphrase-fd", read, "ls", env=nothing, pass_fds=(read,))
        os.close(read)
        self.expect(owner, 2, ["--passphrase-file"], "--passphrase", "the passphrase of a test", "ls")
        self.expect(owner, 2, ["--passphrase-file"], "--passphrase=the passphrase of a test", "ls")
        wrong = self.passphrase("wrong", "not the passphrase of a test")
        self.expect(owner, 12, ["does not open"], "ls", env=self.environment(wrong))
        self.expect(owner, 12, ["does not open"], "unlock", env=self.environment(wrong))

    def test_a_machine_unlocks_itself_if_it_is_told_to(self):
        homes, owner, tree = self.three_and_a_tree()
        nothing = self.environment()
        self.expect(owner, 2, ["--json"], "--json", "invite", "eve", "--qr")
        done, _ = owner.json("unlock", "--remember")
        self.assertEqual(done["keepers"], 2)
        self.assertEqual((owner.path / "unlock.key").stat().st_mode & 0o777, 0o600)
        # After a restart it backs up with nobody there, and does no more than that.
        owner.stop()
        owner.start()
        owner.run("--no-input", "backup", tree, env=nothing)
        self.expect(owner, 12, ["passphrase"], "--no-input", "invite", "eve", env=nothing)
        self.assertIn("unlock themselves, whenever they start: m0", owner.run("status").stdout.decode())
        # Another passphrase changes nothing of it; to lock it lasts until the next start.
        owner.run("passwd", "--new-passphrase-file", self.passphrase("p0", "quite another passphrase"))
        (self.work / "p0.passphrase").write_text("quite another passphrase\n")
        self.expect(owner, 0, ["until the node starts again"], "lock")
        self.expect(owner, 12, ["passphrase"], "--no-input", "ls", env=nothing)
        owner.stop()
        owner.start()
        owner.run("--no-input", "ls", env=nothing)
        # A copy of the home from now opens nothing of what comes after a rekey, and no machine unlocks itself.
        key = (owner.path / "unlock.key").read_bytes()
        said = self.expect(owner, 0, ["unlock --remember"], "rekey", "--new-passphrase-file",
                           self.passphrase("new", "nobody has seen this one"))
        (self.work / "p0.passphrase").write_text("nobody has seen this one\n")
        self.assertFalse((owner.path / "unlock.key").exists(), said)
        owner.run("unlock", "--remember")
        self.assertNotEqual((owner.path / "unlock.key").read_bytes(), key)
        # Without a passphrase the key goes all the same; with it, its place in the record.
        self.expect(owner, 12, ["key is gone"], "--no-input", "lock", "--forget", env=nothing)
        self.assertFalse((owner.path / "unlock.key").exists())
        owner.run("lock", "--forget")
        owner.stop()
        owner.start()
        self.expect(owner, 12, ["passphrase"], "--no-input", "ls", env=nothing)
        self.assertNotIn("unlock themselves", owner.run("status").stdout.decode())
        # The slot of a machine that is revoked goes with it.
        owner.run("unlock", "--remember")
        kit = self.work / "kit.txt"
        owner.run("recovery", "make", "-o", kit)
        laptop = self.home("laptop")
        (self.work / "laptop.passphrase").write_text("nobody has seen this one\n")
        laptop.run("recovery", "use", "--kit", kit, "--machine", "laptop")
        self.assertIn(b"PSUSER3", (laptop.path / "account").read_bytes())
        laptop.run("revoke", "m0")
        self.assertIn(b"PSUSER2", (laptop.path / "account").read_bytes())

    def look_for_the_key_in_memory(self, owner):
        """The node has one key, and that only where nothing is swapped out."""
        key = owner.ask_node("/api/v1/session/key")
        self.assertEqual(len(key), 32)
        pid = owner.process.pid
        owner.process.send_signal(signal.SIGSTOP)  # it maps and unmaps all the time
        self.addCleanup(owner.process.send_signal, signal.SIGCONT)
        wait_until(lambda: "(stopped)" in Path(f"/proc/{pid}/status").read_text(), "the node stands still")
        try:
            memory = open(f"/proc/{pid}/mem", "rb", buffering=0)
            areas = Path(f"/proc/{pid}/smaps").read_text()
        except PermissionError:
            memory, areas = open(os.devnull, "rb"), ""  # which is how it should be for everybody but root
        found = {True: 0, False: 0}
        with memory:
            for area in re.finditer(r"^([0-9a-f]+)-([0-9a-f]+) (r.*)\n(?:[A-Z].*\n)*?VmFlags: (.*)\n", areas, re.M):
                start, end = (int(area.group(n), 16) for n in (1, 2))
                if "[v" in area.group(3):
                    continue
                memory.seek(start)
                try:
                    found["lo" in area.group(4).split()] += memory.read(end - start).count(key)
                except OSError:
                    continue  # a file that is shorter than its mapping
        owner.process.send_signal(signal.SIGCONT)
        if found[True] > 0:  # else this system locks no memory for anybody
            self.assertEqual(found[False], 0, "the key lies in ordinary memory")

    def test_a_thief_gets_what_was_and_nothing_of_what_comes(self):
        homes = self.make_ring(4, copies=2)
        stolen = homes[2]
        tree = self.work / "tree"
        make_tree(tree, files=5, big=50_000)
        before = facts(tree)
        stolen.run("backup", tree)
        kit = self.work / "kit.txt"
        stolen.run("recovery", "make", "-o", kit)
        stolen.kill()
        owner = self.home("owner")
        owner.run("recovery", "use", "--kit", kit, "--machine", "new")
        owner.start()
        thief = stolen  # with the old passphrase, too
        thief.run("ls", "--bootstrap", homes[0].address)

        new = self.passphrase("new", "nobody has seen this one")
        self.expect(owner, 4, ["no machine of yours"], "rekey", "--revoke", "nonsense", "--new-passphrase-file", new)
        self.expect(owner, 2, ["choose another"], "rekey", "--new-passphrase-file", self.work / "passphrase")
        summary, _ = owner.json("rekey", "--revoke", "m2", "--new-passphrase-file", new)
        self.assertEqual(summary["epoch"], 1)
        self.assertEqual(summary["ended"], ["m2"])
        self.assertEqual([machine["name"] for machine in summary["machines"]], ["new"])
        refused = thief.run("ls", "--bootstrap", homes[0].address, check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.expect(owner, 12, ["does not open"], "ls")
        empty = self.home("empty")
        self.expect(empty, 12, ["no record"], "recovery", "use", "--kit", kit)

        # The owner reads what was stored before, and what is stored now.
        (owner.path.parent / "owner.passphrase").write_text("nobody has seen this one\n")
        owner.run("unlock")
        owner.run("restore", "--to", self.work / "back")
        self.assertEqual(difference(before, facts(str(self.work / "back") + str(tree))), "")
        (tree / "later").write_text("written under the new keys")
        after = facts(tree)
        self.assertEqual(owner.run("backup", tree).returncode, 0)
        # What the stolen machine had kept of the same folder is older, and named.
        self.expect(owner, 3, ["NOT restored"], "restore", "--to", self.work / "later")
        self.assertEqual(difference(after, facts(str(self.work / "later") + str(tree))), "")

    def test_who_changes_keys_while_no_friend_is_on_line_is_told_so(self):
        """What only one's own machines have heard of burns, or is stolen, with them."""
        homes, owner, _ = self.three_and_a_tree()
        kit = self.work / "kit.txt"
        self.expect(owner, 0, ["2 friends keep"], "recovery", "make", "-o", kit)
        laptop = self.home("laptop")
        laptop.run("recovery", "use", "--kit", kit, "--with-passphrase", "--machine", "laptop")
        laptop.start()
        wait_until(lambda: "laptop" in self.members(owner), "the owner's node knows the laptop")
        for friend in homes[1:]:
            friend.kill()
        new = self.passphrase("new", "nobody has seen this one")
        revoke = ("rekey", "--revoke", "laptop", "--new-passphrase-file", new)
        self.expect(owner, 5, ["no friend could be told", "Nothing was changed"], *revoke)
        self.assertFalse(self.members(owner)["laptop"]["gone"])
        self.expect(owner, 0, ["an older kit still counts"], "recovery", "make", "-o", self.work / "second.txt")
        self.expect(owner, 5, ["no friend keeps your new keys"], "rekey", "--new-passphrase-file",
                    self.passphrase("first", "the first new passphrase"))
        self.use(owner, "the first new passphrase")
        for friend in homes[1:]:
            friend.start()
        # Stopped when the machine is shut out and the keys are not changed: the same command goes on.
        (owner.path / "account.tmp").mkdir()
        said = self.expect(owner, 1, ["keys are as they were", "shut out"], *revoke)
        self.assertNotIn("othing was changed", said.stderr.decode())
        (owner.path / "account.tmp").rmdir()
        summary, _ = owner.json(*revoke)
        self.assertEqual((summary["ended"], summary["ended_before"], summary["keepers"]), ([], ["laptop"], 2))

    def test_nothing_secret_lies_in_a_home_in_the_clear(self):
        homes = self.make_ring(1, copies=1)
        self.let_a_command_take_newer_keys(homes[0])
        phrase = (self.work / "passphrase").read_bytes().strip()
        for path in homes[0].path.rglob("*"):
            with contextlib.suppress(FileNotFoundError):  # the node replaces its files
                if path.is_file():
                    self.assertNotIn(phrase, path.read_bytes(), path)
        limits = Path(f"/proc/{homes[0].process.pid}/limits").read_text()
        self.assertRegex(limits, r"Max core file size +0 +0 ")
        self.assertEqual((homes[0].path / "identity").stat().st_mode & 0o777, 0o600)
        self.assertEqual((homes[0].path / "account").stat().st_mode & 0o777, 0o600)

    def let_a_command_take_newer_keys(self, owner):
        """A node that is unlocked lets go of its key, though it was not the one that took the newer keys."""
        self.expect(owner, 0, ["before open nothing any more", "As long as no friend is in the ring", "while one of them runs"], "recovery", "make", "-o", self.work / "kit.txt")
        owner.run("unlock")
        other = self.copy_of(owner, "other")
        with open(owner.path / "client.lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # as that command does
            other.run("rekey", "--new-passphrase-file", self.passphrase("new", "of the other machine"),
                      "--bootstrap", owner.address)
            shutil.copy(other.path / "account", owner.path / "account")
            wait_until(lambda: owner.ask_node("/api/v1/session/key") == b"", "the node has let go of the key of before")


if __name__ == "__main__":
    unittest.main()
