#!/usr/bin/env python3
"""Tables with dates as people have them, through the program: EMBARK names the program to test."""

import csv
import io
import json
import unittest

from embark_case import EmbarkCase


class DatesTest(EmbarkCase):
    def write(self, name, columns, rows=40):
        """A CSV file of these columns, their values again and again, and a target that follows from the row."""
        lines = [",".join([*columns, "y"])]
        for row in range(rows):
            values = [values[row % len(values)] for values in columns.values()]
            lines.append(",".join([*values, "yes" if row % 2 else "no"]))
        (self.folder / name).write_text("\n".join(lines) + "\n")
        return self.folder / name

    def train(self, path, *words):
        result = self.run_embark("train", "tabular", "--csv", path, "--target", "y", "--epochs", 1, "--json", *words)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout), result.stderr

    def predict(self, *words):
        result = self.run_embark("predict", "--model", "model.pt", *words)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result

    def test_dates_with_offsets_and_slashes_are_found(self):
        path = self.write("zoned.csv", {"when": ["2023-03-31 07:00:00+00:00", "2023-01-15T16:00:00+02:00", "2023-10-08 00",
                                                 "2023-06-08 18:00:00.123456789Z"], "on": ["2023/03/31", "2023/01/15"]})
        report, _ = self.train(path, "--export", "model.pt")
        self.assertEqual(report["date_names"], ["when", "on"])
        self.assertIn("whenElapsed", report["cont_names"])
        self.predict("--input", path)

    def test_dates_of_one_prefix_keep_their_parts(self):
        path = self.write("two.csv", {"start": ["2023-03-31", "2023-01-15"], "startDate": ["2024-05-04", "2024-02-19"]})
        report, _ = self.train(path, "--export", "model.pt")
        self.assertEqual(report["cont_names"], ["startElapsed", "startDateElapsed"])
        self.assertIn("startYear", report["cat_names"])
        self.assertIn("startDateYear", report["cat_names"])
        # The years are not those of training, each in its own column.
        other = self.write("other.csv", {"start": ["1999-03-31"], "startDate": ["1998-05-04"]}, rows=1)
        counts = json.loads(self.predict("--input", other, "--json").stdout)["unknown"]
        self.assertIn("startYear", counts)
        self.assertIn("startDateYear", counts)

    def test_a_part_leaves_another_column_its_name(self):
        path = self.write("year.csv", {"date": ["2023-03-31", "2023-01-15"], "Year": ["a", "b", "c"]})
        report, _ = self.train(path)
        self.assertIn("Year", report["cat_names"])
        self.assertIn("dateYear", report["cat_names"])

    def test_a_format_is_given_not_guessed(self):
        path = self.write("us.csv", {"sold": ["03/31/2023", "1/15/2023", "10/08/2023", "06/08/2023"]})
        self.assertEqual(self.train(path)[0]["date_names"], [])
        report, errors = self.train(path, "--date-format", "%m/%d/%Y", "--export", "model.pt")
        self.assertEqual(report["date_names"], ["sold"])
        self.assertNotIn("not a date", errors)
        new = self.write("new.csv", {"sold": ["04/01/2023", "2023-04-01", "13/01/2023"]}, rows=3)
        result = self.predict("--input", new)
        rows = list(csv.DictReader(io.StringIO(result.stdout)))
        self.assertEqual(rows[0]["prediction"], rows[1]["prediction"])
        self.assertEqual(rows[0]["probability_yes"], rows[1]["probability_yes"])
        self.assertIn("'sold' has 1 value that is not a date", result.stderr)
        refused = self.run_embark("train", "tabular", "--csv", path, "--target", "y", "--date-format", "%d %B %Y")
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertIn("'%B'", refused.stderr)

    def test_what_is_not_a_date_is_missing_and_said(self):
        path = self.write("nat.csv", {"when": ["2023-03-31", "NaT", "soon", "2023-06-08"]})
        report, errors = self.train(path, "--date", "when", "--export", "model.pt")
        self.assertIn("row 3 (line 4), column 'when': 'soon' is not a date and is taken as missing, as are 9 other values",
                      errors)
        self.assertIn("whenElapsed", report["cont_names"])
        nat = self.write("new.csv", {"when": ["NaT", ""]}, rows=2)
        result = self.predict("--input", nat)
        rows = list(csv.DictReader(io.StringIO(result.stdout)))
        self.assertEqual(rows[0]["probability_yes"], rows[1]["probability_yes"])
        self.assertNotIn("not a date", result.stderr)
        counts = json.loads(self.predict("--input", path, "--json").stdout)
        self.assertEqual(counts["unreadable"], {"when": 10})
        # Nothing of the column is a date: an error, rather than a column of nothing.
        refused = self.run_embark("train", "tabular", "--csv", self.write("us.csv", {"when": ["03/31/2023"]}), "--target",
                                  "y", "--date", "when")
        self.assertEqual(refused.returncode, 1, refused.stderr)
        self.assertIn("row 1 (line 2), column 'when': '03/31/2023' is not a date, nor is any other value", refused.stderr)

    def test_parquet_times_of_a_zone_are_its_clocks(self):
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError:
            self.skipTest("pyarrow is missing")
        midnights = [1706655600 + 86400 * day for day in range(28)]  # of Berlin, from 2024-01-31 on
        table = pa.table({"when": pa.array([t * 10**9 for t in midnights]).cast(pa.timestamp("ns", "Europe/Berlin")),
                          "y": ["yes" if day % 2 else "no" for day in range(28)]})
        pq.write_table(table, self.folder / "berlin.parquet")
        report, _ = self.train("berlin.parquet", "--export", "model.pt")
        self.assertEqual(report["date_names"], ["when"])
        # The same days as texts with the offset, and without one but for Elapsed, are the same.
        texts = pa.table({"when": [f"2024-02-{day + 1:02d} 00:00:00+0100" for day in range(27)]})
        pq.write_table(table.slice(1, 27), self.folder / "some.parquet")
        pq.write_table(texts, self.folder / "texts.parquet")
        some, same = [json.loads(self.predict("--input", name, "--json").stdout) for name in
                      ("some.parquet", "texts.parquet")]
        self.assertEqual(some["predictions"], same["predictions"])


if __name__ == "__main__":
    unittest.main()
