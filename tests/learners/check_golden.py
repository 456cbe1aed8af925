"""Checks the exported files of an earlier version with nothing but torch.

usage: check_golden.py FOLDER

FOLDER/answers.json holds what the files answered when they were made; see tests/golden/README.md. Ends with 0 and "ok"
where all agree to 1e-6.
"""
import json
import math
import sys
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
import torch  # noqa: E402


def check(condition, *what):
    if not condition:
        sys.exit("check_golden: " + " ".join(str(part) for part in what))


def check_numbers(result, expected, what):
    expected = torch.tensor(expected, dtype=torch.float64)
    check(result.numel() == expected.numel(), what, "has shape", tuple(result.shape))
    result = result.to(torch.float64).reshape(expected.shape)
    check(torch.allclose(result, expected, rtol=1e-6, atol=1e-6), what, "is", result, "instead of", expected)


def check_ranking(result, expected, what):
    names, scores = result
    check(names == expected["names"], what, "names", names, "instead of", expected["names"])
    check_numbers(scores, expected["scores"], what)


def check_collab(model, answers, name):
    predict = answers["predict"]
    check_numbers(model.predict(predict["users"], predict["items"]), predict["scores"], f"{name}, predict")
    for method in ("recommend", "similar"):
        for case in answers[method]:
            check_ranking(getattr(model, method)(case["name"], case["k"]), case, f"{name}, {method} {case['name']}")


def check_tabular(model, answers, name):
    rows, targets = answers["rows"], answers["predict"]
    texts, numbers = model.columns()
    found = model.predict({column: rows[column] for column in texts},
                          {column: [float(value) if value else math.nan for value in rows[column]] for column in numbers})
    for target, answer in zip(targets, [found] if len(targets) == 1 else found, strict=True):
        what = f"{name}, {target['target']}"
        if "values" in target:
            check_numbers(answer, target["values"], what)
            continue
        labels, probabilities = answer
        classes, expected = target["classes"], target["probabilities"]
        check(list(model.classes()[target["target"]]) == classes, what, "has other classes")
        check_numbers(probabilities, expected, what)
        check(labels == [classes[row.index(max(row))] for row in expected], what, "has labels", labels)


def check_tensors(model, answers, name):
    forward = answers["forward"]
    inputs = [torch.tensor(value["data"], dtype=getattr(torch, value["dtype"])).reshape(value["shape"])
              for value in forward["inputs"]]
    outputs = model(*inputs)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    for output, expected in zip(outputs, forward["outputs"], strict=True):
        check(list(output.shape) == expected["shape"], name, "gives shape", tuple(output.shape))
        check_numbers(output.reshape(-1), expected["data"], name)


def main(folder):
    answers = json.loads((Path(folder) / "answers.json").read_text(encoding="utf-8"))
    checks = {"collab": check_collab, "tabular": check_tabular, "tensors": check_tensors}
    for name, expected in answers["exported"].items():
        with torch.no_grad():
            checks[expected["kind"]](torch.jit.load(str(Path(folder) / name)), expected, name)
    print("ok")


if __name__ == "__main__":
    main(*sys.argv[1:])
