"""What goes wrong in real life: machines that die during a backup, Ctrl-C, strangers, garbage, bad input."""

import http.server
import json
import os
import random
import signal
import socket
import socketserver
import ssl
import subprocess
import threading
import unittest

from ring import PEERSTORE, RingTest, wait_until
from tree import difference, facts, make_tree


class Restarts(RingTest):
    def test_nodes_that_die_and_come_back_during_a_backup_leave_nothing_unsaid(self):
        homes = self.make_ring(7)
        homes[0].run("unlock")
        tree = self.work / "tree"
        make_tree(tree, files=300, big=25_000_000)
        dice = random.Random(11)
        stop = threading.Event()

        def disturb():
            while not stop.is_set():
                victim = dice.choice(homes[1:])
                victim.kill()
                victim.start()

        disturber = threading.Thread(target=disturb)
        disturber.start()
        try:
            summary, code = homes[0].json("backup", tree, check=False)
        finally:
            stop.set()
            disturber.join()
        # Safe, or exactly said what is not: and a second run finishes it.
        self.assertIn(code, (0, 1, 5), summary)
        wait_until(lambda: self.members_online(homes[0]) == 7, "the ring is whole again")
        summary, code = homes[0].json("backup", tree)
        self.assertEqual(code, 0, summary)
        self.assertTrue(summary["safe"])
        target = self.work / "back"
        homes[0].run("restore", "--to", target)
        self.assertEqual(difference(facts(tree), facts(str(target) + str(tree))), "")

    def test_ctrl_c_loses_nothing_and_the_same_command_goes_on(self):
        homes = self.make_ring(5)
        tree = self.work / "tree"
        make_tree(tree, files=50, big=60_000_000)
        backup = subprocess.Popen(
            [PEERSTORE, "--home", str(homes[0].path), "--json", "backup", str(tree)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=homes[0].environment())
        backup.stdout.readline()  # the first sign of progress
        backup.send_signal(signal.SIGINT)
        backup.communicate(timeout=60)
        self.assertEqual(backup.returncode, 130)
        summary, code = homes[0].json("backup", tree)
        self.assertEqual(code, 0, summary)

    def test_a_backup_that_is_killed_is_not_sent_again_and_leaves_nothing_behind(self):
        size = 200_000_000  # so that there is time to kill it
        homes = self.make_ring(3, copies=1)
        homes[0].run("unlock")
        tree = self.work / "tree"
        make_tree(tree, files=50, big=size)
        for sent in (0.3, 0.6):
            backup = subprocess.Popen(
                [PEERSTORE, "--home", str(homes[0].path), "--json", "backup", str(tree)],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=homes[0].environment())
            for line in backup.stdout:
                if json.loads(line).get("bytes_safe", 0) > sent * size:
                    break
            backup.kill()
            backup.communicate(timeout=60)
            self.assertEqual(backup.returncode, -signal.SIGKILL)
        summary, code = homes[0].json("backup", tree)
        self.assertEqual(code, 0, summary)
        kept = lambda: sum(chunk.stat().st_size for home in homes for chunk in (home.path / "node" / "chunks").glob("[0-9a-f][0-9a-f]/*"))
        half_sent = 2 * 3 * 5_300_000  # packs that were under way, of each run that was killed
        self.assertLess(kept(), size * 1.15 + half_sent)
        homes[0].run("prune")
        self.assertGreater(kept(), size)
        self.assertLess(kept(), size * 1.15)

    def test_a_restarted_node_finds_its_friends_by_itself_and_still_has_its_chunks(self):
        homes = self.make_ring(5)
        tree = self.work / "tree"
        make_tree(tree, files=20, big=1_000_000)
        homes[0].run("backup", tree)
        for home in homes:
            self.assertEqual(home.stop(), 0)
        for home in homes:
            home.start()
        wait_until(lambda: all(self.members_online(h) == 5 for h in homes), "the ring is whole again")
        target = self.work / "back"
        homes[0].run("restore", "--to", target)
        self.assertEqual(difference(facts(tree), facts(str(target) + str(tree))), "")


class Strangers(RingTest):
    def test_garbage_at_the_port_is_refused_and_friends_are_served(self):
        homes = self.make_ring(3, copies=1)
        host, port = homes[1].address.rsplit(":", 1)
        dice = random.Random(5)
        for payload in [b"", b"\0" * 100, b"GET / HTTP/1.1\r\n\r\n", dice.randbytes(100_000), b"\x16\x03\x01\xff\xff" + dice.randbytes(70_000)]:
            with socket.create_connection((host, int(port)), timeout=20) as connection:
                try:
                    connection.sendall(payload)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):
                        pass
                except OSError:
                    pass
        # Clients of other protocols: no client certificate, an old TLS.
        for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            context.minimum_version = context.maximum_version = version
            context.set_alpn_protocols(["peerstore/1"])
            answer = b""
            try:
                with socket.create_connection((host, int(port)), timeout=20) as raw:
                    with context.wrap_socket(raw) as link:
                        link.sendall(b"x" * 64)
                        answer = link.recv(1)
            except (ssl.SSLError, OSError):
                pass  # refused
            self.assertEqual(answer, b"", "nothing readable may come back")
        tree = self.work / "tree"
        make_tree(tree, files=5, big=10_000)
        _, code = homes[0].json("backup", tree)
        self.assertEqual(code, 0)
        self.assertIsNone(homes[1].process.poll())

    def test_a_member_of_another_ring_is_refused(self):
        homes = self.make_ring(1, copies=1)
        other = self.home("other")
        other.run("create", "Otherring", "--user", "x", "--machine", "x")
        done = other.run("ls", "--bootstrap", homes[0].address, check=False)
        self.assertEqual(done.returncode, 5)
        self.assertIn(b"ring", done.stderr)


class StartedAnew(http.server.BaseHTTPRequestHandler):
    """A node that was started anew while it reckoned: what it was asked before, it does not know."""

    asked = []

    def answer(self):
        StartedAnew.asked.append(self.command)
        posts = StartedAnew.asked.count("POST")
        document = {"schema": 1, "ready": posts == 2 and self.command == "GET", "reckoning": self.command == "POST"}
        if self.path == "/api/v1/drain":
            StartedAnew.asked.pop()
        if document["ready"]:
            document.update(friends=[], chunks=7, without_a_place=0)
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer

    def address_string(self):
        return "command"

    def log_message(self, *_):
        pass


class BadInput(RingTest):
    def expect(self, home, code, words, *arguments):
        done = home.run(*arguments, check=False)
        text = done.stderr.decode()
        self.assertEqual(done.returncode, code, text)
        for word in words:
            self.assertIn(word, text)
        self.assertNotIn("terminate", text)

    def test_each_command_names_cause_and_remedy(self):
        nobody = self.home("nobody")
        self.expect(nobody, 2, ["Did you mean 'backup'"], "bakcup", "x")
        self.expect(nobody, 2, ["--help"])
        self.expect(nobody, 2, ["--user"], "create", "Ring")
        self.expect(nobody, 10, ["create"], "node")
        self.expect(nobody, 10, ["create"], "ls")
        self.expect(nobody, 10, ["create"], "node", "health")
        self.expect(nobody, 4, ["no-such-folder"], "backup", self.work / "no-such-folder")
        self.expect(nobody, 13, ["link"], "join", "https://example.org/", "--user", "u")
        self.expect(nobody, 21, ["cut off"], "join", "peerstore:join?ring=abc", "--user", "u")
        self.expect(nobody, 2, ["200G"], "create", "Ring", "--user", "u", "--give", "lots")
        for copies in ("0", "17", "99"):
            self.expect(nobody, 2, ["copies"], "create", "Ring", "--user", "u", "--copies", copies)
        self.expect(nobody, 2, ["user's name"], "create", "Ring", "--user", "exe.\u202eeve")
        for address in ("nowhere", "127.0.0.1:0", "127.0.0.1:70000", ":4747", "host name:1"):
            self.expect(nobody, 2, ["HOST:PORT"], "node", "--advertise", address)
        for rate in ("lots", "0", "10"):
            self.expect(nobody, 2, ["--repair-rate", "1K"], "node", "--repair-rate", rate)
        self.assertFalse(nobody.path.exists(), "a refused command left something behind")

        founder = self.home("p0")
        founder.run("create", "Testring", "--user", "p0")
        self.expect(founder, 1, ["already"], "create", "Again", "--user", "p0")
        self.expect(founder, 11, ["peerstore node"], "node", "health")
        self.expect(founder, 11, ["peerstore node"], "invite", "bob")
        self.expect(founder, 11, ["peerstore node"], "backup", self.work)
        founder.start()
        self.expect(founder, 11, ["node"], "node")  # a second daemon on one home
        taken = self.home("taken")
        taken.run("create", "Other", "--user", "x")
        self.expect(taken, 1, [founder.address, "--listen"], "node", "--listen", founder.address)
        self.expect(founder, 5, ["127.0.0.1:1"], "ls", "--bootstrap", "127.0.0.1:1")
        self.expect(founder, 4, ["peerstore ls"], "getfile", "no/such/file")

        link = founder.run("--quiet", "invite", "bob").stdout.decode().strip()
        self.expect(nobody, 21, ["cut off"], "join", link[:-5], "--user", "u")
        bob = self.home("bob")
        bob.run("join", link, "--user", "bob")
        self.expect(nobody, 25, ["used"], "join", link, "--user", "mallory")
        self.assertFalse(nobody.path.exists(), "a refused joiner left something behind")

        # An identity that others can read, or that is damaged, is not used.
        os.chmod(bob.path / "identity", 0o644)
        self.expect(bob, 13, ["chmod 600"], "node")
        os.chmod(bob.path / "identity", 0o600)
        data = bytearray((bob.path / "identity").read_bytes())
        data[len(data) // 2] ^= 1
        (bob.path / "identity").write_bytes(data)
        self.expect(bob, 15, ["identity"], "node")

    def test_who_would_take_how_much_is_asked_anew_when_the_node_was_started_anew(self):
        home = self.home("p0")
        home.run("create", "Testring", "--user", "p0")
        with socketserver.UnixStreamServer(str(home.path / "api.sock"), StartedAnew) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            preview, _ = home.json("node", "drain", "-n")
            server.shutdown()
            thread.join()
        self.assertEqual(preview["chunks"], 7)
        self.assertEqual(StartedAnew.asked, ["POST", "GET", "POST", "GET"])

    def test_what_is_no_file_is_named_and_the_rest_is_kept(self):
        homes = self.make_ring(3, copies=1)
        tree = self.work / "tree"
        make_tree(tree, files=10, big=1000)
        os.mkfifo(tree / "pipe")
        done = homes[0].run("backup", tree, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"pipe: is a pipe, socket or device: left out", done.stderr)
        target = self.work / "back"
        homes[0].run("restore", "--to", target)
        self.assertTrue((target / str(tree)[1:] / "big.bin").exists())
        # A second restore into the same place overwrites nothing unasked.
        (target / str(tree)[1:] / "big.bin").write_text("mine")
        again = homes[0].run("restore", "--to", target, check=False)
        self.assertNotEqual(again.returncode, 0)
        self.assertEqual((target / str(tree)[1:] / "big.bin").read_text(), "mine")

    def test_who_stores_more_than_it_gives_is_told_so(self):
        homes = self.make_ring(4, copies=1, give="2M")
        tree = self.work / "tree"
        make_tree(tree, files=5, big=30_000_000)
        done = homes[0].run("backup", tree, check=False)
        self.assertEqual(done.returncode, 14, done.stderr)
        self.assertIn(b"forget and prune snapshots", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
