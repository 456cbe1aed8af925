"""What CONTRIBUTING.md says of adding things: at most four existing files for each, and all of them are there."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
KINDS = ["a callback", "a metric", "a loss", "a schedule", "a splitter"]


class Contributing(unittest.TestCase):
    def test_a_few_edits_add_one_of_each_kind(self):
        text = (ROOT / "CONTRIBUTING.md").read_text()
        rows = dict(re.findall(r"^\| (a \w+) \| (.*) \|$", text, re.MULTILINE))
        self.assertEqual(list(rows), KINDS)
        for kind, cell in rows.items():
            files = re.findall(r"`([^`]+)`", cell)
            self.assertLessEqual(len(files), 4, kind)
            for file in files:
                self.assertTrue((ROOT / file).is_file(), file)

    def test_every_callback_has_a_function_that_makes_it(self):
        for header in sorted((ROOT / "callbacks").rglob("*.h")):
            text = header.read_text()
            made = re.search(r"^class (\w+) : public (?:Tracker)?Callback\b(?!;)", text, re.MULTILINE)
            if not made or "detail" in header.parts or made[1] in ("TrackerCallback", "AveragedWeights", "Recorder"):
                continue
            function = r"std::shared_ptr<%s> %s\(" % (made[1], header.stem)
            self.assertRegex(text, function, header)


if __name__ == "__main__":
    unittest.main()
