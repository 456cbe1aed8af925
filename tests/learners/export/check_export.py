"""Checks an exported file with nothing but torch.

usage: check_export.py FILE EXPECTED.json

EXPECTED.json holds what C++ computed: `parameters` (names), `forward` (a list of {inputs, outputs}), and for collab files
`predict`, `recommend` and `similar` (lists of {arguments, and the answer}). Ends with 0 and "ok" where all agree to 1e-6.
"""
import json
import sys
import warnings

warnings.filterwarnings("ignore")
import torch  # noqa: E402


def tensor(value):
    return torch.tensor(value["data"], dtype=getattr(torch, value["dtype"])).reshape(value["shape"])


def check(condition, *what):
    if not condition:
        sys.exit("check_export: " + " ".join(str(part) for part in what))


def check_tensor(result, expected, what):
    check(result.grad_fn is None and not result.requires_grad, what, "carries gradients")
    check(result.dtype == expected.dtype, what, "has type", result.dtype, "instead of", expected.dtype)
    check(result.shape == expected.shape, what, "has shape", result.shape, "instead of", expected.shape)
    check(torch.allclose(result, expected, rtol=1e-6, atol=1e-6), what, "is", result, "instead of", expected)


def check_forward(model, case):
    inputs = [tensor(value) for value in case["inputs"]]
    outputs = model(*inputs)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    check(len(outputs) == len(case["outputs"]), "forward gives", len(outputs), "tensors")
    for result, expected in zip(outputs, case["outputs"]):
        check_tensor(result, tensor(expected), f"forward of {inputs[0].shape[0]} rows")


def check_other_shape(model, case):
    """A file refuses inputs of another shape in a sentence, where its input has a second dimension."""
    inputs = [tensor(value) for value in case["inputs"]]
    if inputs[0].dim() < 2:
        return
    wider = torch.cat([inputs[0], inputs[0][:, :1]], 1)
    rows, width = inputs[0].shape[:2]
    name = "x" if len(inputs) == 1 else "x1"
    check_refusal(model, [wider, *inputs[1:]], f"forward expects {name} of shape (n, {width}")
    check_refusal(model, [wider, *inputs[1:]], f"got ({rows}, {width + 1}")


def check_ranking(method, case, what):
    names, scores = method(case["name"], case["k"])
    check(names == case["names"], what, "names", names, "instead of", case["names"])
    check_tensor(scores, torch.tensor(case["scores"], dtype=torch.float32), what)


def check_refusal(method, arguments, words):
    try:
        method(*arguments)
    except Exception as error:  # TorchScript's exceptions share no class
        check(words in str(error), "the message for", arguments, "lacks", repr(words), "in", error)
    else:
        sys.exit(f"check_export: {arguments} was not refused")


def check_collab(model, expected):
    for case in expected["predict"]:
        check_tensor(model.predict(case["users"], case["items"]), tensor(case["ratings"]), "predict")
    for case in expected["recommend"]:
        check_ranking(model.recommend, case, f"recommend of {case['name']}")
    for case in expected["similar"]:
        check_ranking(model.similar, case, f"similar to {case['name']}")
    check(len(model.recommend("nobody")[0]) <= 10, "recommend has a default k of 10")
    check_refusal(model.predict, (["a", "b"], ["c"]), "2 users and 1 items")
    check_refusal(model.recommend, ("a", 0), "invalid number of results 0")
    check_refusal(model.similar, ("no such title", 3), "there is no item 'no such title'")
    check_refusal(model.similar, ("#na#", 3), "there is no item '#na#'")


def main(path, expected_path):
    with open(expected_path, encoding="utf-8") as file:
        expected = json.load(file)
    model = torch.jit.load(path)
    check(not model.training, "the model is in training mode")
    model.train(), model.eval()  # as any module allows
    check(sorted(name for name, _ in model.named_parameters()) == sorted(expected["parameters"]),
          "parameters are", [name for name, _ in model.named_parameters()])
    check(sorted(model.state_dict()) == sorted(expected["parameters"] + expected["buffers"]),
          "the state has", sorted(model.state_dict()))
    check(not any(parameter.requires_grad for parameter in model.parameters()), "parameters carry gradients")
    for case in expected["forward"]:
        check_forward(model, case)
        check_other_shape(model, case)
    if "predict" in expected:
        check_collab(model, expected)
    else:
        check(not hasattr(model, "predict"), "there is a predict")
    print("ok")


if __name__ == "__main__":
    main(*sys.argv[1:])
