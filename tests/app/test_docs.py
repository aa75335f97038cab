"""What the documentation shows is true: the generated pages are what the program prints now, and
every sweep file, command and piece of Python on a page or in a --help works."""

import datetime
import os
import re
import shutil
import subprocess
import sys
import unittest

from doc_pages import blocks
from servesweep_cli import PROGRAM, SOURCE, CliTest, can_report

GENERATED = {"parameters.md": ["parameters"], "output_format.md": ["output-format"],
             "continuous_parameters.md": ["parameters", "--engine", "continuous"],
             "continuous_output_format.md": ["output-format", "--engine", "continuous"],
             "service_presets.md": ["service-presets"]}
PAGES = [SOURCE / "README.md", SOURCE / "CONTRIBUTING.md", SOURCE / "examples/README.md",
         *sorted((SOURCE / "docs").glob("*.md"))]
HELPS = ([], ["run"], ["study", "stress"], ["study", "tuning"], ["plan"], ["show"], ["export"], ["report"], ["compare"],
         ["workload", "info"],
         ["workload", "generate"], ["calibrate"], ["replay"], ["info"])

# A path of this repository in backticks; a path with a placeholder (`tests/<folder>/...`) is not matched.
PATH = re.compile(r"`((?:bench|cmake|docs|examples|host|io|kernels|python|scripts|sim|tests)/[^`\s<>]*)`")

CAN_REPORT = can_report()

# What the examples call sweep.toml: points, replications and worlds enough for every example.
SWEEP = """
replications = 5
[workload]
requests = 100
rps_scaling = 0.5
[scheduler]
kind = ["static_fifo", "multi_bin_dynamic"]
k_bins = [1, 4]
[cluster]
num_gpus = [2, 4]
"""


def commands(text):
    """The lines of a text that call the program, with what continues them."""
    lines = text.replace("\\\n", "").splitlines()
    return [line.strip() for line in lines if re.match(r" *servesweep ", line)
            and (CAN_REPORT or "servesweep report" not in line)]


def azure_trace(rows):
    start = datetime.datetime(2023, 11, 16, 18, 17)
    return "TIMESTAMP,ContextTokens,GeneratedTokens\n" + "".join(
        f"{start + datetime.timedelta(seconds=i)}.5,{100 + i % 900},{10 + i % 300}\n"
        for i in range(rows))


class Docs(CliTest):
    maxDiff = None

    def setUp(self):
        super().setUp()
        for name in ("examples", "scripts", "python"):
            self.path(name).symlink_to(SOURCE / name)
        for name in ("FILE", "azure.csv", "azure_conv.csv", "azure_conv.csv.gz", "BurstGPT_1.csv"):
            self.write(name, azure_trace(10_000))
        self.write("grid.csv", (SOURCE / "examples/service_grid.csv").read_text())
        self.write("sweep.toml", SWEEP)
        self.cli("run", "sweep.toml", "-o", "out.h5")
        self.cli("run", "sweep.toml", "-o", "profiled.h5", "--profile")
        self.cli("run", "examples/vllm_rtx4090.toml", "-s", "workload.requests=100", "-o", "vllm.h5")
        for name in ("results", "sweeps"):
            self.path(name).mkdir()
        for name in ("results/out.h5", "a.h5", "b.h5"):
            shutil.copy(self.path("out.h5"), self.path(name))

    def shell(self, command, where):
        path = os.path.dirname(PROGRAM) + os.pathsep + os.environ["PATH"]
        done = subprocess.run(["bash", "-c", command], cwd=self.folder, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
                              env={**os.environ, "PATH": path})
        self.assertEqual(done.returncode, 0, f"{where}: {command}\n{done.stdout}")

    def test_generated_pages_are_up_to_date(self):
        for page, words in GENERATED.items():
            with self.subTest(page):
                out, _ = self.cli("docs", *words)
                path = SOURCE / "docs" / page
                made = f"servesweep docs {' '.join(words)} > docs/{page}"
                self.assertTrue(path.exists(), f"make it: {made}")
                self.assertEqual(path.read_text(), out, made)

    def test_sweep_files(self):
        found = [(page, line, text) for page in PAGES for line, _, text in blocks(page, "toml")]
        self.assertGreater(len(found), 1)
        for page, line, text in found:
            with self.subTest(f"{page.name}:{line}"):
                self.write("block.toml", text)
                self.assertEqual(self.cli("plan", "block.toml")[1], "")

    def test_commands(self):
        found = [(f"{page.name}:{line}", command) for page in PAGES
                 for line, _, text in blocks(page, "", "sh") for command in commands(text)]
        self.assertGreater(len(found), 10)
        for where, command in found:
            with self.subTest(command):
                self.shell(command, where)

    def test_commands_of_helps(self):
        for words in HELPS:
            found = commands(self.cli(*words, "--help")[0])
            if CAN_REPORT or words != ["report"]:
                self.assertGreater(len(found), 0, words)
            for command in found:
                with self.subTest(command):
                    self.path("out.h5").unlink(missing_ok=True)  # another sweep is refused
                    if " run " not in command:
                        shutil.copy(self.path("results/out.h5"), self.path("out.h5"))
                    self.shell(command, words)

    def test_python(self):
        found = 0
        for page in PAGES:
            code = "w = 0\n" + "\n".join(text for _, _, text in blocks(page, "python"))
            found += code.count("out.h5")
            shutil.copy(self.path("results/out.h5"), self.path("out.h5"))
            if 'group="grid"' in code:
                self.cli("run", "sweep.toml", "-s", "scheduler.kind=multi_bin_only", "-o", "out.h5",
                         "--fresh")
            with self.subTest(page.name):
                self.write("page.py", code)
                self.shell(f"{sys.executable} page.py", page.name)
        self.assertGreater(found, 3)

    def test_paths(self):
        """A path in backticks is that of a file or folder, or of a file without its extension."""
        found = 0
        for page in PAGES:
            for path in re.findall(PATH, page.read_text()):
                found += 1
                with self.subTest(f"{page.name}: {path}"):
                    self.assertTrue(any(SOURCE.glob(path)) or any(SOURCE.glob(path + ".*")))
        self.assertGreater(found, 300)

    def test_the_engine_of_the_page_is_that_of_the_tests(self):
        shown = {file: text for _, file, text in blocks(SOURCE / "docs/howto_add_engine.md", "cpp")}
        engine = {f"tests/toy_engine/{path.name}": path.read_text()
                  for path in (SOURCE / "tests/toy_engine").iterdir()}
        self.assertEqual(shown, engine)
        self.assertLessEqual(sum(text.count("\n") for text in engine.values()), 150)

    def test_the_whole_default_file_is_good(self):
        """Also what is commented out in it."""
        text, _ = self.cli("run", "--dump-default")
        self.write("where.toml", text.replace("# where =", "where ="))
        self.assertIn("where =", self.path("where.toml").read_text())
        self.cli("plan", "where.toml")
        keys = re.findall(r"^# (\w+) = ", text, re.MULTILINE)
        self.assertIn("fixed_batch_size", keys)
        _, keys_and_comments = text.split("\n\n", 1)
        self.write("all.toml", re.sub(r"^# (?=\w+ = )(?!where|samples|csv)", "", keys_and_comments,
                                      flags=re.MULTILINE))
        self.assertIn("is not used", self.cli("plan", "all.toml")[1])


if __name__ == "__main__":
    unittest.main()
