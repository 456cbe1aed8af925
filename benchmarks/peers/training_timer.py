"""How long fastai trains."""

import time

from fastai.callback.core import Callback
from fastai.learner import Recorder


class TrainingTimer(Callback):
    """Seconds of each epoch between before_train and after_train, validation apart."""

    order = Recorder.order - 1

    def before_fit(self):
        self.epoch_seconds = []

    def before_train(self):
        self.started = time.perf_counter()

    def after_train(self):
        self.epoch_seconds.append(time.perf_counter() - self.started)
