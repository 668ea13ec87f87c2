"""Keras callbacks for stages of training that `Model.fit` does not run."""

from collections.abc import Callable, Sequence

import keras

from training.journal import MemoryJournal

_RATE_SETTERS = (keras.callbacks.ReduceLROnPlateau, keras.callbacks.LearningRateScheduler)


class CallbackJournal(MemoryJournal):
    """A journal whose steps are the epochs of Keras callbacks.

    Args:
        seed: decides every random draw.
        model: what callbacks see as `self.model`; one that sets `model.stop_training` ends the stage.
        callbacks: Keras callbacks; a single one and None are accepted as Keras does.
        stage: whose steps are the epochs.
        steps: number of steps that the stage is to have.
        verbose: whether to print a line of figures for each step, of other stages too.
        optimizer: what callbacks see as `self.model.optimizer`, to set its learning rate; None: a schedule
            sets it before each step.
        on_begun: called after every step of the stage, and at its end.

    Raises:
        ValueError: a callback would set a learning rate that a schedule sets.
    """

    def __init__(
        self,
        seed: int,
        model: keras.Model,
        callbacks: Sequence[keras.callbacks.Callback] | keras.callbacks.Callback | None,
        stage: str,
        steps: int,
        verbose: bool = False,
        optimizer: keras.optimizers.Optimizer | None = None,
        on_begun: Callable[[], None] = lambda: None,
    ):
        model.stop_training = False
        self._model = model
        self._optimizer = optimizer
        self._on_begun = on_begun
        self._stage = stage
        self.history = keras.callbacks.History()
        single = isinstance(callbacks, keras.callbacks.Callback)
        callbacks = [callbacks] if single else list(callbacks or ())
        setters = [type(each).__name__ for each in callbacks if isinstance(each, _RATE_SETTERS)]
        if setters and optimizer is None:
            raise ValueError(
                f"`callbacks` has a {setters[0]}, expected none that sets the learning rate: settings do, "
                "`g_learning_rate` in `fit` and `mle_patience` in `pretrain`."
            )
        self._callbacks = keras.callbacks.CallbackList(
            [*callbacks, self.history], model=model, epochs=steps, verbose=0
        )
        self._steps = steps
        self._verbose = verbose
        super().__init__(seed, self._on_step, lambda: model.stop_training)

    def __enter__(self) -> "CallbackJournal":
        # As `compile` sets it, but not as a part of the model, which is saved without it.
        self._compiled = getattr(self._model, "optimizer", None)
        object.__setattr__(self._model, "optimizer", self._optimizer)
        try:
            self._callbacks.on_train_begin()
            self._callbacks.on_epoch_begin(0)
        except BaseException:
            self._restore_optimizer()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        try:
            if error[0] is None:
                self._on_begun()
                self._callbacks.on_train_end()
        finally:
            self._restore_optimizer()

    def _restore_optimizer(self) -> None:
        object.__setattr__(self._model, "optimizer", self._compiled)

    def _on_step(self, stage: str, step: int, figures: dict[str, float]) -> None:
        if self._verbose:
            number = f"{step}/{self._steps}" if stage == self._stage else f"{step}"
            print(" - ".join([f"{stage} {number}", *(f"{k}: {v:.4f}" for k, v in figures.items())]))
        if stage != self._stage:
            return
        self._on_begun()
        self._callbacks.on_epoch_end(step - 1, figures)
        if step < self._steps and not self._model.stop_training:
            self._callbacks.on_epoch_begin(step)
