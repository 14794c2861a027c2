"""Who belongs: invitations, admins and revocations, with real processes on loopback."""

import json
import pathlib
import shutil
import time
import unittest

import crash_points
from ring import PEERSTORE, RingTest, copy_home, wait_until
from tree import make_tree


class Belonging(RingTest):
    def invite(self, home, *arguments):
        return home.run("--quiet", "invite", *arguments).stdout.decode().split()[0]

    def join(self, name, link, check=True):
        home = self.home(name)
        return home, home.run("join", link, "--user", name, "--machine", f"{name}-m", "--give", "1G", check=check)

    def expect_refused(self, link, code, words):
        home, done = self.join(f"x{len(self.homes)}", link, check=False)
        said = done.stdout.decode() + done.stderr.decode()
        self.assertEqual(done.returncode, code, said)
        self.assertIn(words, said)
        self.assertFalse(home.path.exists(), f"{home.path} was left behind")

    @staticmethod
    def status(home):
        return json.loads(home.ask_node("/api/v1/status"))

    def test_each_invitation_that_lets_nobody_in_says_why_and_leaves_nothing_behind(self):
        founder = self.make_ring(2)[0]
        link = self.invite(founder, "zoe")
        self.expect_refused(link[:-20], 21, "cut off")
        other_link = self.invite(founder, "will")
        typo = link.replace("token=", "token=x", 1)
        self.expect_refused(typo, 22, "mistyped")

        # One whose machine is not on line is kept, and works when it is there again.
        for home in self.homes[:2]:
            home.stop()
        zoe, done = self.join("zoe", link, check=False)
        self.assertEqual(done.returncode, 5, done.stderr.decode())
        # Another link does not take its place: the ring may have let zoe in.
        _, done = self.join("zoe", other_link, check=False)
        self.assertEqual(done.returncode, 13, done.stderr.decode())
        self.assertIn("another link was begun", done.stderr.decode())
        # Nor does any, if what was begun cannot be read.
        begun = (zoe.path / "joining").read_bytes()
        (zoe.path / "joining").write_bytes(begun[:-1])
        _, done = self.join("zoe", link, check=False)
        self.assertEqual(done.returncode, 15, done.stderr.decode())
        self.assertEqual((zoe.path / "joining").read_bytes(), begun[:-1])
        (zoe.path / "joining").write_bytes(begun)
        for home in self.homes[:2]:
            home.start()
        began = time.monotonic()
        done = zoe.run("join", link, "--user", "zoe", "--machine", "zoe-m", "--give", "1G")
        print(f"joined in {time.monotonic() - began:.2f} s")
        self.assertIn("what was begun before", done.stderr.decode())
        self.assertFalse((zoe.path / "joining").exists())
        zoe.start()
        self.expect_refused(link, 25, "used before, by zoe")

        withdrawn = self.invite(founder, "yann")
        founder.run("invites", "revoke", "yann")
        self.expect_refused(withdrawn, 27, "withdrawn")

        short = self.invite(founder, "xaver", "--expires", "1s")
        states = lambda: {
            line["for"]: line["state"]
            for line in map(json.loads, founder.run("--json", "invites").stdout.decode().splitlines())
        }
        founder.run("unlock")
        wait_until(lambda: states()["xaver"] == "expired", "the invitation has expired")
        self.expect_refused(short, 26, "expired")
        self.assertEqual(states(), {"p1": "used", "zoe": "used", "will": "open", "yann": "withdrawn", "xaver": "expired"})

        foreign = self.invite(founder, "vera")
        address = founder.address
        for home in self.homes:
            home.stop()
        # One that an admin signed and never told the ring: of a copy of the founder's home that met nobody. To all
        # others it is as good as forged.
        copy = self.home("copy")
        copy_home(founder.path, copy.path)
        copy.address = address
        copy.start()
        forged = self.invite(copy, "ursula")
        copy.stop()
        founder.start()
        self.expect_refused(forged, 24, "no admin of this ring made this invitation")
        founder.stop()

        # Another ring answers where this one was.
        other = self.home("other")
        other.run("create", "Elsewhere", "--user", "o", "--machine", "o-m", "--give", "1G")
        other.address = address
        other.start()
        self.expect_refused(foreign, 23, "another machine answers")

    def test_a_friend_is_let_in_while_the_inviter_sleeps(self):
        homes = self.make_ring(3)
        link = self.invite(homes[0], "zoe")
        homes[0].stop()
        # Killed when the ring has let it in, and its keys are kept, but not yet who it is.
        zoe = self.home("zoe")
        command = [PEERSTORE, "--home", str(zoe.path), "join", link, "--user", "zoe", "--machine", "zoe-m"]
        look = lambda: (zoe.path / "account").exists()
        self.assertNotEqual(crash_points.run(command, zoe.environment(), look), 0)
        self.assertFalse((zoe.path / "identity").exists())
        zoe, _ = self.join("zoe", link)
        zoe.start()
        wait_until(lambda: self.members_online(homes[1]) == 3, "the others see zoe")

    def test_admins_come_and_go_by_agreement(self):
        homes = self.make_ring(3)
        for home in homes:
            home.run("unlock")  # who the admins are is asked again and again
        refused = homes[1].run("invite", "zoe", check=False)
        self.assertEqual(refused.returncode, 13)
        homes[0].run("admins", "add", "p1")
        wait_until(lambda: sorted(homes[1].json("admins")[0]["admins"]) == ["p0", "p1"], "p1 knows that it is an admin")
        _, done = self.join("zoe", self.invite(homes[1], "zoe"))
        self.assertEqual(done.returncode, 0)

        proposed, _ = homes[0].json("admins", "threshold", "2")
        self.assertFalse(proposed["done"])
        wait_until(lambda: homes[1].json("admins")[0]["proposals"], "p1 hears of the proposal")
        signed, _ = homes[1].json("admins", "sign")
        self.assertTrue(signed["done"])
        wait_until(lambda: homes[2].json("admins")[0]["threshold"] == 2, "p2 hears that both must agree")
        # One alone cannot change it back.
        alone, _ = homes[0].json("admins", "remove", "p1")
        self.assertFalse(alone["done"])
        self.assertEqual(homes[0].json("admins")[0]["version"], 3)

    def shut_out(self, by, victim, name, others):
        """`by` revokes the machine or person `name`; all its links are closed within five seconds."""
        by.run("revoke", name)
        self.expect_shut_out(victim, name, others, time.monotonic())

    def expect_shut_out(self, victim, name, others, began):
        def is_out():
            for home in others:
                of_victim = [m for m in self.status(home)["members"] if name in (m["person"], m["name"])]
                if not all(m["gone"] for m in of_victim):
                    return False
            return self.status(victim)["network"]["links"] == 0

        wait_until(is_out, f"everybody has closed its links to {name}")
        took = time.monotonic() - began
        print(f"{name} was shut out in {took:.2f} s")
        self.assertLess(took, 5)

    def test_who_is_revoked_is_shut_out_within_five_seconds(self):
        homes = self.make_ring(5)
        # One's own lost machine, from another one, without an admin.
        kit = self.work / "kit.txt"
        homes[3].run("recovery", "make", "-o", kit)
        laptop = self.home("laptop")
        laptop.run("recovery", "use", "--kit", kit, "--machine", "laptop")
        laptop.start()
        wait_until(lambda: self.members_online(laptop) == 6, "the laptop sees everybody")
        self.shut_out(laptop, homes[3], "m3", homes[:3] + [homes[4], laptop])
        laptop.run("snapshots")
        homes[3].stop()

        victim = homes[4]
        homes = homes[:3]
        kit = self.work / "kit of p4.txt"
        victim.run("recovery", "make", "-o", kit)
        second = self.home("second")
        second.run("recovery", "use", "--kit", kit, "--machine", "second")
        second.start()
        wait_until(lambda: self.members_online(second) == 6, "p4's second machine sees everybody")
        second.stop()
        self.shut_out(homes[0], victim, "p4", homes)
        # It keeps trying, and nobody opens.
        for entrance in (("--bootstrap", *(home.address for home in homes)), ("--bootstrap", "127.0.0.1:1", homes[0].address)):
            done = victim.run("ls", *entrance, check=False)
            self.assertEqual(done.returncode, 13, done.stderr.decode())
            self.assertIn("does not belong to the ring any more", done.stderr.decode())
        self.assertEqual(victim.run("ls", "--bootstrap", "127.0.0.1:1", check=False).returncode, 5)
        # Its own node, which lets it in, hears so when it looks for friends: each minute, or at its start.
        victim.stop()
        victim.begin()
        wait_until(lambda: b"does not belong" in victim.run("ls", check=False).stderr, "p4 is told by its own node's friends")
        self.assertEqual(self.status(victim)["network"]["links"], 0)
        new = self.work / "new passphrase"
        new.write_text("some passphrase for nobody")
        done = victim.run("passwd", "--new-passphrase-file", new, check=False)
        self.assertEqual(done.returncode, 13, done.stderr.decode())
        self.assertIn("Nothing was changed.", done.stderr.decode())
        # Nor does it help that another machine of the same person, shut out as well, keeps it company.
        second.begin()
        wait_until(lambda: all(len([m for m in self.status(home)["members"] if m["online"]]) == 2 for home in (victim, second)),
                   "p4's machines have found each other")
        for home in (second, victim):
            wait_until(lambda: home.run("node", "health", check=False).returncode == 13, f"{home.name} is told")
        victim.stop()
        second.stop()
        # It does not come back by a restart of those who know, either, even if the power fails for all of them
        # before they have written it down: who said it says it again.
        is_gone = lambda home: [m for m in self.status(home)["members"] if m["person"] == "p4"][0]["gone"]
        for home in homes:
            home.kill()
        for home in homes:
            home.start()
        homes[0].run("admins")
        wait_until(lambda: all(map(is_gone, homes)), "everybody knows again that p4 is gone")

    def test_a_machine_whose_number_went_to_another_is_told_that_it_does_not_belong(self):
        homes = self.make_ring(3, copies=1)
        kit = self.work / "kit.txt"
        homes[1].run("recovery", "make", "-o", kit)
        for home in homes:
            home.stop()
        # Two machines of p1's are made with friends who do not hear of each other.
        twins = {}
        for friend, name in ((homes[0], "lx"), (homes[2], "ly")):
            friend.start()
            twins[name] = self.home(name)
            twins[name].run("recovery", "use", "--kit", kit, "--with-passphrase", "--machine", name, "--bootstrap", friend.address)
            friend.stop()
        friends = [homes[0], homes[2]]
        for friend in friends:
            friend.start("--bootstrap", *(other.address for other in friends if other.address and other is not friend))
        names = lambda: [twins.keys() & self.members(friend).keys() for friend in friends]
        wait_until(lambda: names()[0] == names()[1] and len(names()[0]) == 1, "the ring has settled for one of them")
        loser = twins[(twins.keys() - names()[0]).pop()]
        entrance = ("--bootstrap", *(friend.address for friend in friends))
        done = loser.run("ls", *entrance, check=False)
        self.assertEqual(done.returncode, 13, done.stderr.decode())
        self.assertIn("does not belong to the ring any more", done.stderr.decode())
        loser.begin(*entrance)
        wait_until(lambda: loser.run("node", "health", check=False).returncode == 13, "its node is told")
        self.assertEqual(loser.run("ls", check=False).returncode, 13)
        self.assertEqual(loser.run("recovery", "make", "-o", self.work / "void.txt", check=False).returncode, 13)
        self.assertFalse((self.work / "void.txt").exists())

    def test_a_stolen_copy_of_a_home_writes_nothing_after_a_rekey(self):
        homes = self.make_ring(4, copies=2)
        owner = homes[1]
        tree = self.work / "tree"
        make_tree(tree, files=3, big=10_000)
        kit = self.work / "kit.txt"
        owner.run("recovery", "make", "-o", kit)
        # It changes the record; a home whose node does not run hears of it from its own command.
        owner.kill()
        laptop = self.home("laptop")
        laptop.run("recovery", "use", "--kit", kit, "--machine", "laptop")
        refused = owner.run("rekey", "--new-passphrase-file", self.passphrase("quite another one"), check=False)
        self.assertIn("changed on another machine", refused.stderr.decode())
        self.assertIn("if that was not you", refused.stderr.decode())
        owner.start()
        laptop.run("backup", tree)
        thieves = []
        for robbed in (owner, laptop):
            thief = self.home(f"thief of {robbed.name}")
            copy_home(robbed.path, thief.path)
            thief.address = homes[0].address
            self.assertEqual(thief.run("backup", tree, "--bootstrap", thief.address).returncode, 0)
            thieves.append(thief)

        new = self.passphrase("nobody has seen this one")
        self.rekey_cut_off(owner, new)
        (tree / "malice").write_text("of the thief")
        for thief in thieves:
            for command in (["backup", str(tree)], ["prune"]):
                done = thief.run(*command, "--bootstrap", thief.address, check=False)
                self.assertNotEqual(done.returncode, 0, (thief.name, command))
        before = self.home("laptop of before")
        copy_home(laptop.path, before.path)
        said = laptop.run("ls", "--bootstrap", homes[0].address, check=False).stderr.decode()
        self.assertIn("passphrase of that change", said)
        self.look_without_newer_keys(before, homes, tree)

        # Its owner goes on at both machines, with the new passphrase.
        for home in (laptop, owner):
            (self.work / f"{home.name}.passphrase").write_text("nobody has seen this one\n")
        laptop.start("--bootstrap", homes[0].address)
        # To unlock it is enough: what has to be stated is stated then, and what comes asks for nothing.
        laptop.run("unlock")
        nobody = {name: value for name, value in laptop.environment().items() if "PASSPHRASE" not in name}
        laptop.run("--no-input", "backup", tree, env=nobody)
        owner.run("backup", tree, "--bootstrap", homes[0].address)
        # The laptop's own head of before stands, whatever its thief published with the key of before.
        self.assertEqual(len(owner.run("--json", "snapshots").stdout.decode().splitlines()), 4)

    def test_the_files_of_two_persons_survive_the_theft_of_a_machine(self):
        """Two persons with two machines each, and four more."""
        friends = self.make_ring(6, copies=2)
        machines = {}
        trees = {}
        for desktop in friends[1:3]:
            kit = self.work / f"{desktop.name}.kit"
            desktop.run("recovery", "make", "-o", kit)
            laptop = self.home(f"{desktop.name}-laptop")
            before = (desktop.path / "account").read_bytes()
            laptop.run("recovery", "use", "--kit", kit, "--machine", laptop.name)
            laptop.start()
            # A command that is begun meanwhile is asked to come again.
            wait_until(lambda: (desktop.path / "account").read_bytes() != before, f"{desktop.name} has the laptop's record")
            machines[desktop.name] = [desktop, laptop]
            for home in (desktop, laptop):
                tree = self.work / "trees" / home.name
                tree.mkdir(parents=True)
                (tree / "letter").write_text(f"of {home.name}" * 1000)
                self.assertEqual(home.run("backup", tree).returncode, 0)
                trees.setdefault(desktop.name, []).append(tree)
        stolen, laptop = machines["p1"]
        everybody = friends[:1] + friends[2:] + [laptop, machines["p2"][1]]
        # The whole home is copied, and so is what it was used with; the copy takes its place in the ring.
        thief = self.home("thief")
        thief.address = stolen.address
        stolen.stop()
        shutil.copytree(stolen.path, thief.path)
        thief.start()
        thief.run("unlock")
        wait_until(lambda: self.members_online(laptop) == 8, "all eight machines are there")
        new = self.passphrase("nobody has seen this one")
        said = laptop.run("rekey", "--new-passphrase-file", new, "--revoke", "m1").stdout.decode()
        self.assertIn("'m1' is no machine of yours any more", said)
        self.assertRegex(said, r"Machines of yours that go on: p1-laptop \([0-9]+\.1\), which is this one\.")
        self.expect_shut_out(thief, "m1", everybody, time.monotonic())
        for command in (["ls"], ["backup", str(trees["p1"][0])], ["prune"]):
            entrance = ("--bootstrap", friends[0].address)
            self.assertNotEqual(thief.run(*command, *entrance, check=False).returncode, 0, command)
        (self.work / f"{laptop.name}.passphrase").write_text(new.read_text())
        laptop.run("unlock")
        for owner, person in ((laptop, "p1"), (machines["p2"][0], "p2"), (machines["p2"][1], "p2")):
            target = self.work / f"back at {owner.name}"
            owner.run("restore", "--to", target)
            for tree in trees[person]:
                self.assertEqual(pathlib.Path(f"{target}{tree}/letter").read_text(), (tree / "letter").read_text())
        self.assertEqual(laptop.run("backup", trees["p1"][1]).returncode, 0)

    def passphrase(self, text):
        path = self.work / f"{text}.txt"
        path.write_text(text + "\n")
        return path

    def rekey_cut_off(self, owner, new):
        """Killed when the new keys are kept at home and nobody was told: the next command finishes it."""
        before = (owner.path / "account").read_bytes()
        (owner.path / "unlock.key").write_bytes(bytes(32))  # as if it had unlocked itself
        (owner.path / "unlock.key").chmod(0o600)
        command = [PEERSTORE, "--home", str(owner.path), "rekey", "--new-passphrase-file", str(new)]
        look = lambda: (owner.path / "account").read_bytes() != before
        self.assertNotEqual(crash_points.run(command, owner.environment(), look), 0)
        self.assertNotEqual((owner.path / "account").read_bytes(), before)
        self.assertFalse((owner.path / "unlock.key").exists(), "it would open the account of before")
        (self.work / f"{owner.name}.passphrase").write_text(new.read_text())
        said = owner.run("snapshots").stderr.decode()
        self.assertIn("cut off", said)
        self.assertIn("'laptop' needs the new passphrase", said)
        self.assertNotIn("cut off", owner.run("snapshots").stderr.decode())
        (self.work / f"{owner.name}.passphrase").unlink()

    def look_without_newer_keys(self, home, homes, tree):
        """A machine that may not write, and finds nobody who could give it newer keys, looks all the same."""
        for friend in homes:
            friend.stop()
            shutil.rmtree(friend.path / "node/records")
        for friend in (homes[0], homes[2], homes[3]):
            friend.start()
        entrance = ("--bootstrap", homes[0].address)
        for command in (["snapshots"], ["getfile", str(tree / "big.bin")[1:], "-o", "-"]):
            done = home.run(*command, *entrance)
            self.assertIn("cannot write just now", done.stderr.decode())
        refused = home.run("backup", tree, *entrance, check=False)
        self.assertEqual(refused.returncode, 11, refused.stderr.decode())
        self.assertIn("no friend shows newer keys", refused.stderr.decode())
        homes[1].start()


if __name__ == "__main__":
    unittest.main()
