#!/usr/bin/env python3
"""The examples of examples/deploy answer as the program does: EMBARK names the program. Each needs a runtime of its own, and
is skipped where that is not to be had."""

import contextlib
import csv
import functools
import http.server
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

EMBARK = os.environ["EMBARK"]
EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "deploy"
ROW = {"city": "Oslo", "age": "44.5", "born": "2001-05-03"}


class Files(http.server.SimpleHTTPRequestHandler):
    """Serves a folder without saying so."""

    def log_message(self, *_):
        pass


class Browser:
    """A page in Chromium without a window, driven by the DevTools protocol over pipes."""

    def __init__(self, program, folder):
        commands, self.write_end = os.pipe()
        self.read_end, answers = os.pipe()
        # Nothing but this machine is found. Chromium refuses its sandbox to root; it expects the pipes as 3 and 4.
        words = [program, "--headless", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe", f"--user-data-dir={folder}",
                 "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{commands} 4>&{answers}', "bash", *words], pass_fds=(commands, answers),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(answers)
        self.unread, self.sent, self.session = b"", 0, {}
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = {"sessionId": self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.write_end)
        os.close(self.read_end)

    def call(self, method, **parameters):
        self.sent += 1
        message = {"id": self.sent, "method": method, "params": parameters, **self.session}
        os.write(self.write_end, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.unread:
                part = os.read(self.read_end, 1 << 16)
                if not part:
                    raise AssertionError(f"Chromium ended at {method}")
                self.unread += part
            line, _, self.unread = self.unread.partition(b"\0")
            answer = json.loads(line)
            if answer.get("id") == self.sent:
                return answer["result"]

    def value(self, expression):
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def wait(self, pattern, seconds=60):
        """The text of the answer, once it matches."""
        end = time.monotonic() + seconds
        while True:
            text = self.value("document.getElementById('answer')?.innerText ?? ''")
            if re.search(pattern, text):
                return text
            if time.monotonic() > end:
                raise AssertionError(f"the page says {text!r} instead of {pattern!r}")
            time.sleep(0.05)

    def fill_in(self, row):
        """Types a row and asks."""
        for name, value in row.items():
            field = f"document.querySelector('[name={name}]')"
            if self.value(f"{field}.type") == "date":
                self.value(f"{field}.value = {json.dumps(value)}")  # how dates are typed depends on the machine's language
                continue
            self.value(f"{field}.focus(); {field}.select()")
            self.call("Input.insertText", text=value)
        self.value("document.querySelector('button').click()")


class DeployTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="embark-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        lines = ["city,age,born,y"]
        for row in range(200):
            lines.append(f"{('Rome', 'Oslo', 'Lima')[row % 3]},{20 + row % 40}.5,2001-{1 + row % 12:02d}-03,{'yes' if row % 2 else 'no'}")
        (cls.folder / "t.csv").write_text("\n".join(lines) + "\n")
        cls.run_words(EMBARK, "train", "tabular", "--csv", "t.csv", "--target", "y", "--epochs", "5", "--export", "t.pt")
        cls.run_words(EMBARK, "convert", "t.pt", "model.onnx")
        (cls.folder / "one.csv").write_text(",".join(ROW) + "\n" + ",".join(ROW.values()) + "\n")
        found = cls.run_words(EMBARK, "predict", "--model", "t.pt", "--input", "one.csv")
        cls.expected = next(csv.DictReader(io.StringIO(found)))

    @classmethod
    def run_words(cls, *words):
        result = subprocess.run([str(word) for word in words], cwd=cls.folder, capture_output=True, text=True, timeout=300)
        if result.returncode != 0:
            raise AssertionError(f"{words[0]} failed: {result.stderr}")
        return result.stdout

    def assert_answer(self, output):
        self.assertIn(self.expected["prediction"], output)
        numbers = [float(text) for text in re.findall(r"\d+\.\d+", output)]
        self.assertTrue(any(abs(number - float(self.expected["probability_yes"])) < 1e-4 for number in numbers), output)

    @unittest.skipUnless(importlib.util.find_spec("onnxruntime"), "onnxruntime is not there")
    def test_python(self):
        words = [f"{name}={value}" for name, value in ROW.items()]
        self.assert_answer(self.run_words(sys.executable, EXAMPLES / "predict.py", "model.onnx", *words))

    def install(self, package):
        """Brings one of npm's packages, or skips the test."""
        if not shutil.which("npm"):
            self.skipTest("npm is not there")
        words = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", package]
        try:
            installed = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, timeout=120)
        except subprocess.TimeoutExpired:
            self.skipTest("npm's packages are not to be had within two minutes")
        if installed.returncode != 0:
            self.skipTest("npm's packages are not to be had")

    def test_node(self):
        if not shutil.which("node"):
            self.skipTest("node is not there")
        self.install("onnxruntime-node@1.30")
        shutil.copy(EXAMPLES / "predict.mjs", self.folder)
        words = [f"{name}={value}" for name, value in ROW.items()]
        self.assert_answer(self.run_words("node", "predict.mjs", "model.onnx", *words))

    @contextlib.contextmanager
    def served(self):
        """The address of a server of the folder, and how to end it."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=self.folder))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/page.html", server
        finally:
            server.shutdown()
            server.server_close()

    def assert_shown(self, browser):
        self.assertEqual(browser.value("document.querySelector('strong').innerText"), self.expected["prediction"])
        shown = browser.value("Object.fromEntries([...document.querySelectorAll('.class')].map((one) => "
                              "[one.children[0].innerText, Number(one.children[1].value)]))")
        self.assertEqual(sorted(shown), ["no", "yes"])
        for name, probability in shown.items():
            self.assertAlmostEqual(probability, float(self.expected[f"probability_{name}"]), delta=1e-5)

    def test_page(self):
        chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        if not chromium:
            self.skipTest("Chromium is not there")
        self.install("onnxruntime-web@1.30")
        shutil.copy(EXAMPLES / "page.html", self.folder)
        (self.folder / "ort").symlink_to(self.folder / "node_modules" / "onnxruntime-web" / "dist")
        with self.served() as (address, server), contextlib.closing(Browser(chromium, self.folder / "profile")) as browser:
            browser.call("Page.navigate", url=address + "?city=Oslo&age=44.5&born=2001-05-03")
            browser.wait("%")
            self.assert_shown(browser)
            browser.call("Page.navigate", url=address + "?born=2001-13-03")
            browser.wait("born: “2001-13-03” is not a date as 2024-01-31")
            browser.call("Page.navigate", url=address)
            browser.wait("Fill in a row")
            server.shutdown()
            server.server_close()
            # What follows has no server any more.
            browser.fill_in({"age": "forty"})
            browser.wait("^age: “forty” is not a number.$")
            browser.fill_in({"age": "1e39"})
            browser.wait("^age: 1e39 is larger than the model can take.$")
            browser.fill_in({"city": "<b>Ulm</b>", "age": ""})
            browser.wait("city: training did not have “<b>Ulm</b>”, so it counts as unknown.$")
            browser.fill_in(ROW)
            browser.wait("^y[^“]*$")
            self.assert_shown(browser)


if __name__ == "__main__":
    unittest.main()
