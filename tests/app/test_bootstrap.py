"""Where scripts/bootstrap takes Kokkos from: sources that fail or are not the release fall through to
the next; a tarball with the right SHA-256 is compiled (only with SERVESWEEP_FULL_TESTS, as `scripts/test
--full` sets it). The tarball is packed from the source of Kokkos in the cache; nothing is fetched from
outside."""
import hashlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(os.environ["SERVESWEEP_SOURCE_DIR"])
SKIPPED = 77
VERSION = "9.9.9"
TARBALL = f"kokkos-{VERSION}.tar.gz"


class Bootstrap(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.cache = self.folder / "cache"
        self.cache.mkdir()

    def bootstrap(self, sha256, *downloads):
        """(what it prints, what it says); the home of Kokkos refuses connections."""
        env = {name: value for name, value in os.environ.items()
               if not name.startswith(("Kokkos_", "SERVESWEEP_", "CMAKE_PREFIX_PATH"))}
        env.update(SERVESWEEP_CACHE=str(self.cache), SERVESWEEP_KOKKOS_VERSION=VERSION,
                   SERVESWEEP_KOKKOS_SHA256=sha256, SERVESWEEP_KOKKOS_HOME="http://127.0.0.1:1",
                   SERVESWEEP_DOWNLOADS=" ".join(map(str, downloads)))
        done = subprocess.run([ROOT / "scripts" / "bootstrap", "--build"], env=env, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout, done.stderr

    def test_what_fails_falls_through(self):
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        mute = f"http://127.0.0.1:{silent.getsockname()[1]}"
        other = self.folder / "other"
        other.mkdir()
        (other / TARBALL).write_bytes(b"another file")
        # Stands for a Debian source that does not compile.
        debian = self.cache / "kokkos-debian-source"
        debian.mkdir()
        (debian / "CMakeLists.txt").write_text("message(FATAL_ERROR no)\n")
        printed, said = self.bootstrap("0" * 64, mute, self.folder / "nowhere", other)
        for place in (mute, self.folder / "nowhere", "http://127.0.0.1:1"):
            self.assertIn(f"taking {TARBALL} from {place} ... failed", said)
        found = hashlib.sha256(b"another file").hexdigest()
        self.assertIn(f"refused {TARBALL} from {other} (its SHA-256 is {found}, must be {'0' * 64})",
                      said)
        self.assertIn("configuring Kokkos for openmp ... failed", said)
        self.assertIn("WARNING: there is no Kokkos with OpenMP", said)
        self.assertEqual(printed, "serial\n")

    @unittest.skipUnless(os.environ.get("SERVESWEEP_FULL_TESTS"), "compiles Kokkos")
    def test_a_tarball_of_the_release_is_compiled(self):
        mirror = self.folder / "mirror"
        mirror.mkdir()
        subprocess.run(["tar", "-C", SOURCE.parent, "-czf", mirror / TARBALL,
                        f"--transform=s,^{SOURCE.name},kokkos-{VERSION},", SOURCE.name], check=True)
        sha256 = hashlib.sha256((mirror / TARBALL).read_bytes()).hexdigest()
        printed, said = self.bootstrap(sha256, self.folder / "nowhere", mirror)
        self.assertIn("compiling Kokkos for openmp ... done", said)
        self.assertNotIn("lists of source packages", said)
        self.assertIn(f"{self.cache}/kokkos-openmp/", said)
        self.assertEqual(printed, "openmp\n")
        self.assertTrue((self.cache / f"kokkos-{VERSION}-source" / "CMakeLists.txt").exists())


def source():
    cache = pathlib.Path(os.environ.get("SERVESWEEP_CACHE") or pathlib.Path(
        os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache", "servesweep"))
    return next(iter(sorted(cache.glob("kokkos-*source"))), None)


SOURCE = source()
if SOURCE is None or not shutil.which("dpkg-query"):
    print("skipped: no source of Kokkos in the cache, or this is no Debian system")
    sys.exit(SKIPPED)
unittest.main()
