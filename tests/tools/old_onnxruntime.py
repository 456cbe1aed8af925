"""Answers in another Python's ONNX Runtime: pickled questions on standard input, pickled answers on standard output. A path
opens a model; (number of the model, inputs) asks it."""

import pickle
import sys

import onnxruntime

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.log_severity_level = 3
sessions = []
pickle.dump(onnxruntime.__version__, sys.stdout.buffer)
sys.stdout.buffer.flush()
while True:
    try:
        question = pickle.load(sys.stdin.buffer)
    except EOFError:
        break
    try:
        if isinstance(question, str):
            sessions.append(onnxruntime.InferenceSession(question, options, providers=["CPUExecutionProvider"]))
            answer = len(sessions) - 1
        else:
            answer = sessions[question[0]].run(None, question[1])
    except Exception as error:
        answer = str(error)
    pickle.dump(answer, sys.stdout.buffer)
    sys.stdout.buffer.flush()
