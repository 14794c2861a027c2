"""The simulator as its user runs it: every scenario over many seeds, and its answers to bad input.

PEERSTORE_SEEDS=1000 tries more seeds of each; PEERSTORE_OTHER names another build of the same program (another
compiler, other flags), whose traces have to be the same."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from ring import PEERSTORE

SEEDS = int(os.environ.get("PEERSTORE_SEEDS", "50"))
OTHER = os.environ.get("PEERSTORE_OTHER")


def sim(*arguments, program=PEERSTORE):
    return subprocess.run([program, "sim", *arguments], capture_output=True, text=True, timeout=3600)


def scenarios():
    return [row["name"] for row in json.loads(sim("ls", "--json").stdout)["scenarios"]]


class Scenarios(unittest.TestCase):
    def test_no_seed_of_any_scenario_breaks_a_law(self):
        for name in scenarios():
            with self.subTest(scenario=name):
                done = sim("sweep", name, "--small", "--seeds", str(SEEDS), "--json")
                report = json.loads(done.stdout)
                told = [f'{one["failure"]["law"]}: {one["failure"]["flaw"]}\n{one["failure"]["replay"]}'
                        for one in report["failed"]]
                self.assertEqual(report["failed_total"], 0, "\n".join(told))
                self.assertEqual(done.returncode, 0)
                self.assertEqual(report["runs"], SEEDS)

    def test_nor_does_one_over_byte_streams(self):
        for name in scenarios():
            if name == "proof":  # of a world in which messages are instant
                continue
            with self.subTest(scenario=name):
                done = sim("sweep", name, "--small", "--streams", "--seeds", str(max(SEEDS // 10, 1)), "--json")
                report = json.loads(done.stdout)
                self.assertEqual([one["failure"]["replay"] for one in report["failed"]], [])
                self.assertEqual(report["runs"], max(SEEDS // 10, 1))

    def test_a_seed_tells_the_same_story_in_every_process_and_build(self):
        for name in scenarios():
            with self.subTest(scenario=name):
                hashes = {json.loads(sim("run", name, "--small", "--seed", "9", "--json", program=program).stdout)
                          ["trace_hash"] for program in filter(None, (PEERSTORE, PEERSTORE, OTHER))}
                self.assertEqual(len(hashes), 1, hashes)

    def test_a_scenario_and_a_trace_may_come_from_files(self):
        with tempfile.TemporaryDirectory() as folder:
            mine = pathlib.Path(folder) / "mine.toml"
            mine.write_text('summary = "mine"\nnodes = 5\n[phases]\nlive = "5min"\n')
            trace = pathlib.Path(folder) / "trace"
            trace.write_text("# machine seconds what\na 0 up\nb 10 up\nc 20 up\nb 100 crash\nb 130 up\nc 150 sleep\nc 200 up\n")
            done = sim("run", str(mine), "--trace", str(trace), "--json")
            self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
            report = json.loads(done.stdout)
            self.assertEqual((report["crashes"], report["sleeps"]), (1, 1))


class BadInput(unittest.TestCase):
    def refused(self, code, *arguments, saying):
        done = sim(*arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(saying, done.stderr)

    def test_each_mistake_is_named(self):
        self.refused(4, "run", "chrn", saying="There are: ")
        self.refused(4, "run", "./nowhere.toml", saying="cannot read ./nowhere.toml")
        self.refused(2, "run", "churn", "--nodes", "0", saying="between 1 and")
        self.refused(2, "run", "churn", "--nodes", "1000000", saying="between 1 and")
        self.refused(2, "run", "churn", "--days", "0", saying="days")
        self.refused(2, "run", "churn", "--days", "-1", saying="days")
        self.refused(2, "sweep", "churn", "--seeds", "0", saying="--seeds")
        self.refused(2, "run", "proof", "--streams", saying="without --streams")
        with tempfile.TemporaryDirectory() as folder:
            mine = pathlib.Path(folder) / "mine.toml"
            mine.write_text('summary = "mine"\nnodes = 5\n\n[phases]\nlive = "5 min"\n')
            self.refused(2, "run", str(mine), saying=":5:8: 'phases.live' must be a time")
            trace = pathlib.Path(folder) / "trace"
            trace.write_text("a 0 up\na flies\n")
            mine.write_text('summary = "mine"\nnodes = 5\n')
            self.refused(2, "run", str(mine), "--trace", str(trace), saying="2")


if __name__ == "__main__":
    unittest.main()
