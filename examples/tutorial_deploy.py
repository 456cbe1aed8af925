"""The other side of docs/tutorials/deploy.md: what the program tutorial_deploy exported, asked in Python."""

import json

import numpy as np
import onnxruntime
import torch


def ask_onnx():
    session = onnxruntime.InferenceSession("loans.onnx")
    metadata = session.get_modelmeta().custom_metadata_map
    classes = json.loads(metadata["classes"])["paid"]
    label, probabilities = session.run(None, {
        "job": np.array([["pilot"], ["cook"]], dtype=object),
        "income": np.array([[60.0], [30.0]]),
        "sum": np.array([[46.0], [50.0]])})
    print("ONNX Runtime:", label.flatten().tolist(), classes, np.round(probabilities.astype("float64"), 3).tolist())


def ask_torchscript():
    torch.set_num_threads(1)
    model = torch.jit.load("loans.pt")
    labels, probabilities = model.predict({"job": ["pilot", "cook"]}, {"income": [60.0, 30.0], "sum": [46.0, 50.0]})
    print("torch:", labels, model.classes()["paid"], np.round(probabilities.double().numpy(), 3).tolist())


ask_onnx()
ask_torchscript()
