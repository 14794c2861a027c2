"""Real peerstore processes on loopback, for whole-system tests.

Every test waits for conditions, never for time; every process that is started is stopped.
"""

import atexit
import concurrent.futures
import contextlib
import http.client
import itertools
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

PEERSTORE = os.environ.get("PEERSTORE", "build/release/peerstore")
PATIENCE = float(os.environ.get("PEERSTORE_TEST_PATIENCE", "60"))


def wait_until(condition, what, patience=PATIENCE):
    """Polls until condition() is true; fails with `what` when patience is over."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"gave up waiting until {what}")
        time.sleep(0.05)


class Home:
    """One machine: its home folder, its node process, its commands.

    Its IP address is its own, so that nobody takes its port while its node is down."""

    numbers = itertools.count()

    def __init__(self, path, name):
        self.path = pathlib.Path(path)
        self.name = name
        self.process = None
        self.address = None
        pid = os.getpid()
        self.host = f"127.{1 + pid % 250}.{pid // 250 % 250}.{1 + next(self.numbers) % 250}"

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
        self.begin(*arguments)
        self.wait_until_in()

    def begin(self, *arguments):
        listen = self.address or f"{self.host}:0"
        log = open(self.path.parent / f"{self.name}.log", "ab")
        self.process = subprocess.Popen(
            [PEERSTORE, "--home", str(self.path), "node", "--listen", listen, *arguments],
            stdout=log,
            stderr=log,
        )
        log.close()

    def wait_until_in(self):
        wait_until(self.healthy, f"{self.name}'s node is healthy")

    def healthy(self):
        if self.process.poll() is not None:
            log = (self.path.parent / f"{self.name}.log").read_text(errors="replace")
            raise AssertionError(f"the node of {self.name} ended with {self.process.returncode}:\n{log}")
        try:
            health = json.loads(self.ask_node("/api/v1/health"))
        except (OSError, http.client.HTTPException):
            return False  # it listens soon
        self.address = health["local_address"]
        return health["ok"]

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
        with contextlib.closing(http.client.HTTPConnection("localhost", timeout=PATIENCE)) as connection:
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(str(self.path / "api.sock"))
            connection.request(method, path, body)
            return connection.getresponse().read()

    def chunk_classes(self):
        """placement key -> the classes of that pack that this machine's disk holds, wherever they lie."""
        classes = {}
        for file in (self.path / "node").rglob("*"):
            if not file.is_file() or "facts" in file.parts:
                continue
            head = b""
            with contextlib.suppress(FileNotFoundError), file.open("rb") as opened:
                head = opened.read(4096)
            at = head.find(b"PSCHUNK1")
            if at >= 0:
                key = head[at + 16 : at + 48]
                classes.setdefault(key, set()).add(head[at + 9])
        return classes


class Rings:
    """The homes of rings that were made alike, of so many persons each, none of them with a running node."""

    all = {}

    @classmethod
    def of(cls, *kind):
        if kind not in cls.all:
            cls.all[kind] = cls()
        return cls.all[kind]

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="peerstore-rings-")
        self.counts = set()
        atexit.register(self.folder.cleanup)

    def keep(self, homes):
        for home in homes:
            copy_home(home.path, self.place(len(homes), home))
        self.counts.add(len(homes))

    def take(self, homes):
        """Copies the largest that has no more than these; of how many that is, or 0."""
        count = max((count for count in self.counts if count <= len(homes)), default=0)
        for home in homes[:count]:
            copy_home(self.place(count, home), home.path)
        return count

    def place(self, count, home):
        return pathlib.Path(self.folder.name) / str(count) / home.name


def copy_home(home, copy, *leave_out):
    """The files of a home, as whoever takes its disk gets them."""
    shutil.copytree(home, copy, ignore=shutil.ignore_patterns("api.sock", "*.lock", "*.tmp", *leave_out))


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

    def make_ring(self, count, copies=3, give="20G", friends_give="20G", arguments=(), node=()):
        """`count` persons with a running node each, started with the arguments `node`; the first is the founder.

        To let somebody in takes two passphrases, half a second of a core each. So a ring is made once for all tests of
        a process, and each test is given a copy of its homes, at new addresses."""
        made = Rings.of(copies, give, friends_give, *arguments)
        homes = [self.home(f"p{i}") for i in range(count)]
        there = made.take(homes)
        if there == 0:
            homes[0].run("create", "Testring", "--user", "p0", "--machine", "m0", "--give", give,
                         "--copies", copies, *arguments)
            there = 1
            made.keep(homes[:there])
        homes[0].start(*node)
        while there < count:
            begin, there = there, min(there + 2, count)
            self.let_in(homes[0], homes[begin:there], friends_give)
            homes[0].stop()
            made.keep(homes[:there])
            homes[0].start(*node)
        for home in homes[1:]:
            # Where the others were when the ring was made, nobody is.
            (home.path / "node/addresses").write_text(f"{homes[0].address}\n")
            home.begin(*node)
        for home in homes[1:]:
            home.wait_until_in()
        everybody = lambda: all(self.members_online(home) == count for home in homes)
        wait_until(everybody, f"all {count} nodes see each other")
        return homes

    @staticmethod
    def let_in(founder, joiners, give):
        """Each joins while the next one is invited."""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            joining = []
            for home in joiners:
                link = founder.run("--quiet", "invite", home.name).stdout.decode().strip()
                joining.append(pool.submit(home.run, "join", link, "--user", home.name, "--machine",
                                           home.name.replace("p", "m"), "--give", give))
            for done in joining:
                done.result()

    @staticmethod
    def members(home):
        """All that this home's node knows of, by name."""
        document = json.loads(home.ask_node("/api/v1/status"))
        return {member["name"]: member for member in document["members"]}

    def members_online(self, home):
        return sum(1 for member in self.members(home).values()
                   if member["self"] or (member["online"] and member["addresses"]))
