"""Reads a folder of event files with TensorBoard's own reader.

usage: read_tensorboard.py FOLDER

Prints JSON: "scalars" and "texts", each an object of lists of [step, value] by tag; null is a scalar that is not a number.
"""
import json
import logging
import math
import sys

from tensorboard.backend.event_processing import event_accumulator

logging.disable(logging.WARNING)  # it says so where a restarted run replaces what came before
ALL = {event_accumulator.SCALARS: 0, event_accumulator.TENSORS: 0}

log = event_accumulator.EventAccumulator(sys.argv[1], size_guidance=ALL)
log.Reload()
scalars = {tag: [[event.step, None if math.isnan(event.value) else event.value] for event in log.Scalars(tag)]
           for tag in log.Tags()["scalars"]}
texts = {tag: [[event.step, event.tensor_proto.string_val[0].decode()] for event in log.Tensors(tag)]
         for tag in log.Tags()["tensors"] if log.SummaryMetadata(tag).plugin_data.plugin_name == "text"}
print(json.dumps({"scalars": scalars, "texts": texts}))
