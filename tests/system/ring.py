"""Real peerstore processes on loopback, for whole-system tests.

Every test waits for conditions, never for time; every process that is started is stopped.
"""

import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import unittest

PEERSTORE = os.environ.get("PEERSTORE", "build/release/peerstore")
PATIENCE = float(os.environ.get("PEERSTORE_TEST_PATIENCE", "60"))


def wait_until(condition, what):
    """Polls until condition() is true; fails with `what` when patience is over."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"gave up waiting until {what}")
        time.sleep(0.05)


class Home:
    """One machine: its home folder, its node process, its commands."""

    def __init__(self, path, name):
        self.path = pathlib.Path(path)
        self.name = name
        self.process = None
        self.address = None

    def run(self, *arguments, check=True, **options):
        """Runs a command to its end; with check, its exit code must be 0."""
        options.setdefault("env", self.environment())
        done = subprocess.run(
            [PEERSTORE, "--home", str(self.path), *map(str, arguments)],
            capture_output=True,
            timeout=600,
            **options,
        )
        if check and done.returncode != 0:
            raise AssertionError(
                f"peerstore {' '.join(map(str, arguments))} of {self.name}: exit {done.returncode}\n"
                f"{done.stdout.decode(errors='replace')}{done.stderr.decode(errors='replace')}"
            )
        return done

    def environment(self):
        """With one passphrase for all homes of a test, unless a test writes another one for this home."""
        own = self.path.parent / f"{self.name}.passphrase"
        shared = self.path.parent / "passphrase"
        return dict(os.environ, PEERSTORE_PASSPHRASE_FILE=str(own if own.exists() else shared))

    def json(self, *arguments, check=True, **options):
        """The last JSON document that a command prints, and its exit code."""
        done = self.run("--json", *arguments, check=check, **options)
        lines = [line for line in done.stdout.decode().splitlines() if line.strip()]
        return (json.loads(lines[-1]) if lines else None), done.returncode

    def start(self, *arguments):
        """Starts the node at the port it had before, or any, and waits until it is in the ring."""
        listen = self.address or "127.0.0.1:0"
        log = open(self.path.parent / f"{self.name}.log", "ab")
        self.process = subprocess.Popen(
            [PEERSTORE, "--home", str(self.path), "node", "--listen", listen, *arguments],
            stdout=log,
            stderr=log,
        )
        log.close()
        wait_until(self.healthy, f"{self.name}'s node is healthy")
        document, _ = self.json("node", "health")
        self.address = document["local_address"]

    def healthy(self):
        if self.process.poll() is not None:
            log = (self.path.parent / f"{self.name}.log").read_text(errors="replace")
            raise AssertionError(f"the node of {self.name} ended with {self.process.returncode}:\n{log}")
        return self.run("node", "health", check=False).returncode == 0

    def kill(self):
        """kill -9: no goodbye."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=PATIENCE)
            code = self.process.returncode
            self.process = None
            return code
        return None

    def ask_node(self, path, method="GET", body=None):
        """What this home's node answers over its local API."""
        connection = http.client.HTTPConnection("localhost", timeout=5)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self.path / "api.sock"))
        connection.request(method, path, body)
        answer = connection.getresponse().read()
        connection.close()
        return answer

    def chunk_classes(self):
        """placement key -> the classes of that pack that this machine's disk holds, wherever they lie."""
        classes = {}
        for file in (self.path / "node").rglob("*"):
            if not file.is_file() or "facts" in file.parts:
                continue
            with file.open("rb") as opened:
                head = opened.read(4096)
            at = head.find(b"PSCHUNK1")
            if at >= 0:
                key = head[at + 16 : at + 48]
                classes.setdefault(key, set()).add(head[at + 9])
        return classes


class RingTest(unittest.TestCase):
    """A temporary folder, and as many homes in one ring as a test asks for."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="peerstore-test-")
        self.work = pathlib.Path(self.folder.name)
        self.homes = []
        (self.work / "passphrase").write_text("the passphrase of a test\n")
        self.addCleanup(self.folder.cleanup)
        self.addCleanup(self.stop_all)

    def stop_all(self):
        for home in self.homes:
            home.kill()

    def home(self, name):
        home = Home(self.work / name, name)
        self.homes.append(home)
        return home

    def make_ring(self, count, copies=3, give="20G", arguments=()):
        """`count` persons with a running node each; the first is the founder."""
        founder = self.home("p0")
        founder.run("create", "Testring", "--user", "p0", "--machine", "m0", "--give", give,
                    "--copies", copies, *arguments)
        founder.start()
        for i in range(1, count):
            link = founder.run("--quiet", "invite", f"p{i}").stdout.decode().strip()
            home = self.home(f"p{i}")
            home.run("join", link, "--user", f"p{i}", "--machine", f"m{i}", "--give", give)
            home.start()
        everybody = lambda: all(self.members_online(home) == count for home in self.homes[:count])
        wait_until(everybody, f"all {count} nodes see each other")
        return self.homes[:count]

    @staticmethod
    def members(home):
        """All that this home's node knows of, by name."""
        document = json.loads(home.ask_node("/api/v1/status"))
        return {member["name"]: member for member in document["members"]}

    def members_online(self, home):
        return sum(1 for member in self.members(home).values()
                   if member["self"] or (member["online"] and member["addresses"]))
