"""What the tests of the program begin with: a folder of their own, and the program run in it."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

EMBARK = os.environ["EMBARK"]


class EmbarkCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="embark-test-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run_embark(self, *words, **settings):
        settings = {"capture_output": True, "text": True, "timeout": 300, **settings}
        return subprocess.run([EMBARK, *map(str, words)], cwd=self.folder, **settings)

    def done(self, *words, **settings):
        result = self.run_embark(*words, **settings)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result

    def assert_refused(self, result, code, *parts):
        """One sentence on standard error says why, of which these are parts."""
        self.assertEqual(result.returncode, code, result.stderr + str(result.stdout))
        lines = [line for line in result.stderr.splitlines() if line.startswith("embark: ")]
        self.assertEqual(len(lines), 1, result.stderr)
        for part in parts:
            self.assertIn(part, lines[0])
