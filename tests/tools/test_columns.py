#!/usr/bin/env python3
"""What `embark` takes the columns of a table for, and what it says of them: EMBARK names the program to test."""

import json
import unittest

from embark_case import EmbarkCase

CITIES = ["Oslo", "Rome", "Lima", "Kyiv", "Bern"]


def table(rows=200, **more):
    """CSV text with age, city and y, and columns of what `more` gives for each row."""
    columns = {"age": lambda i: i * 7 % rows, "city": lambda i: CITIES[i % 5], **more}
    columns.setdefault("y", lambda i: "yes" if i % 3 else "no")
    lines = [",".join(columns)]
    lines += [",".join(str(value(i)) for value in columns.values()) for i in range(rows)]
    return "\n".join(lines) + "\n"


class ColumnsTest(EmbarkCase):
    def train(self, text, *words, target="y"):
        file = self.write("t.csv", text)
        return self.run_embark("train", "tabular", "--csv", file, "--target", target, "--epochs", 1, *words)

    def report(self, text, *words, **settings):
        result = self.train(text, "--json", *words, **settings)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def kinds(self, report):
        return {column["name"]: column["kind"] for column in report["columns"]}

    def codes(self, report):
        return [warning["code"] for warning in report["warnings"]]

    def assert_refused(self, result, code, *parts):
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        for part in parts:
            self.assertIn(part, result.stderr)

    def test_the_columns_are_said_before_training_unless_that_is_not_wanted(self):
        text = table(rooms=lambda i: 1 + i % 4, same=lambda i: "x")
        lines = self.train(text).stderr.splitlines()
        self.assertRegex(lines[0], r"^column +taken as +distinct +missing +why$")
        self.assertRegex(lines[3], r"^rooms +category +4 +0 +integers of 4 values$")
        self.assertIn("column 'same' has the same value", "\n".join(lines))
        quiet = self.train(text, "--quiet").stderr
        self.assertNotIn("taken as", quiet)
        self.assertIn("column 'same' has the same value", quiet)

    def test_the_report_has_columns_and_warnings(self):
        report = self.report(table(same=lambda i: "x", n=lambda i: "?" if i < 3 else i / 8))
        self.assertEqual(report["columns"][0],
                         {"name": "age", "kind": "number", "distinct": 200, "missing": 0, "reason": ""})
        self.assertEqual(self.kinds(report), {"age": "number", "city": "category", "same": "category", "n": "number", "y": "class"})
        self.assertEqual((report["columns"][3]["missing"], report["columns"][3]["reason"]), (3, "3 missing: ?"))
        self.assertEqual(self.codes(report), ["constant_column"])
        self.assertIn("'same'", report["warnings"][0]["message"])

    def test_targets_are_classes_or_values_by_one_rule(self):
        def kind(value, *words):
            report = self.report(table(y=value), *words)
            return self.kinds(report)["y"], report["classes"].get("y")

        self.assertEqual(kind(lambda i: 1 + i % 5), ("class", ["1", "2", "3", "4", "5"]))
        self.assertEqual(kind(lambda i: 1 + i % 5, "--values", "y"), ("value", None))
        self.assertEqual(kind(lambda i: float(i % 2)), ("class", ["0", "1"]))
        self.assertEqual(kind(lambda i: i % 40), ("value", None))
        self.assertEqual(kind(lambda i: ["TRUE", "True", "true", "FALSE", "False"][i % 5]), ("class", ["false", "true"]))

    def test_missing_targets_are_counted_and_dropped_where_that_is_asked_for(self):
        def stars(i):
            return ["-", "NA", ""][i] if i < 3 else 1 + i * 7 // 3 % 5

        self.assert_refused(self.train(table(y=stars)), 1, "row 1", "'y'", "missing, as in 3 of 200 rows",
                            "--drop-missing-target")
        report = self.report(table(y=stars), "--drop-missing-target")
        self.assertEqual((report["train_rows"], report["valid_rows"]), (158, 39))
        self.assertEqual(report["classes"], {"y": ["1", "2", "3", "4", "5"]})
        self.assertEqual(self.codes(report), ["missing_target_dropped"])
        self.assertIn("3 of 200 rows", report["warnings"][0]["message"])
        words = lambda i: ["NA", "None", "nan"][i] if i < 3 else ["no", "yes"][i % 2]
        self.assert_refused(self.train(table(y=words)), 1, "missing, as in 3 of 200 rows")
        self.assertEqual(self.report(table(y=words), "--drop-missing-target")["classes"], {"y": ["no", "yes"]})
        self.assert_refused(self.train(table(y=stars), "--drop-missing-target", "--valid-rows", "0:9"), 2, "--valid-rows")

    def test_what_is_odd_in_a_target_is_said(self):
        odd = table(y=lambda i: "many" if i == 4 else 1 + i % 3)
        self.assert_refused(self.train(odd), 1, "row 5", "'many'", "--classes y")
        report = self.report(odd, "--classes", "y", "--valid-rows", "10:60")
        self.assertEqual(report["classes"]["y"], ["1", "2", "3", "many"])
        self.assertIn("odd_class", self.codes(report))

    def test_an_index_and_empty_columns_are_left_out_and_said(self):
        text = "\n".join(f"{'' if i == 0 else i - 1},{line}," for i, line in enumerate(table().splitlines()))
        report = self.report(text)
        self.assertEqual(report["cat_names"] + report["cont_names"], ["city", "age"])
        self.assertEqual(self.codes(report), ["index_column", "empty_column"])
        self.assertIn("Unnamed: 0", self.report(text, "--cont", "Unnamed: 0")["cont_names"])
        self.assert_refused(self.train(text, "--cat", "Unnamed: 4"), 1, "'Unnamed: 4' has no value")

    def test_naming_a_column_drops_no_other(self):
        text = table(rooms=lambda i: 1 + i % 4)
        flag = table(n=lambda i: "" if i % 9 == 0 else i, n_na=lambda i: i % 2)
        self.assert_refused(self.train(flag), 1, "'n' has missing values", "'n_na'")
        report = self.report(text, "--cont", "rooms")
        self.assertEqual((report["cat_names"], report["cont_names"]), (["city"], ["rooms", "age"]))
        report = self.report(text, "--only", "age,rooms")
        self.assertEqual((report["cat_names"], report["cont_names"]), (["rooms"], ["age"]))
        self.assertEqual(self.kinds(report)["city"], "ignored")
        report = self.report(text, "--ignore", "age", "--ignore", "rooms")
        self.assertEqual((report["cat_names"], report["cont_names"]), (["city"], []))

    def test_names_that_contradict_one_another_are_wrong_usage(self):
        for words, part in [(["--cat", "city", "--ignore", "city"], "categories"),
                            (["--only", "age", "--ignore", "age"], "only"),
                            (["--only", "age", "--cat", "city"], "'city'"), (["--ignore", "y"], "targets"),
                            (["--classes", "y", "--values", "y"], "both")]:
            with self.subTest(words=words):
                self.assert_refused(self.train(table(), *words), 2, part)
        self.assert_refused(self.train(table(), "--ignore", "ctiy"), 1, "did you mean 'city'")
        self.assert_refused(self.train(table(), "--ignore", "city,age"), 1, "Nothing is left to predict y from")

    def test_names_may_hold_commas(self):
        text = table().replace("city", '"city, town"', 1)
        self.assertEqual(self.report(text, "--ignore", "city, town")["cat_names"], [])
        self.assertEqual(self.report(text, "--cat", "city, town", "--cat", "age")["cat_names"], ["city, town", "age"])

    def test_values_that_training_did_not_have_are_said(self):
        other = self.write("other.csv", table(city=lambda i: CITIES[i % 5].upper(), age=lambda i: "" if i < 4 else i))
        for option in ("--valid-csv", "--test-csv"):
            with self.subTest(option=option):
                report = self.report(table(), option, other)
                self.assertEqual(self.codes(report), ["unknown_values", "filled_values"])
                self.assertIn("other.csv", report["warnings"][0]["message"])
                self.assertIn("200", report["warnings"][0]["message"])

    def test_a_table_is_described_without_training(self):
        file = self.write("t.csv", table(rooms=lambda i: "many" if i == 4 else i, y=lambda i: "" if i == 7 else i % 3))
        result = self.run_embark("describe", file, "--target", "y")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"^column +taken as[^\n]*\nage +number +200 +0\n(.*\n)+200 rows\n$")
        self.assertIn("row 5", result.stderr)
        report = json.loads(self.run_embark("describe", file, "--json").stdout)
        self.assertEqual(report["rows"], 200)
        self.assertEqual(self.kinds(report)["y"], "category")
        self.assertEqual(self.codes(report), ["unsettled_column"])
        self.assert_refused(self.run_embark("describe"), 2, "Name the file")
        self.assert_refused(self.run_embark("describe", file, "--target", "z"), 1, "There is no column 'z'")


if __name__ == "__main__":
    unittest.main()
