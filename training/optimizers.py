"""The optimizers that `--optimizer` names, and the gradients that they apply."""

import keras
import tensorflow as tf

from training.distribution import Distribution

OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
}


def make_optimizer(
    name: str,
    model: keras.Model,
    learning_rate: float,
    distribution: Distribution,
    weight_decay: float = 0.0,
) -> keras.optimizers.Optimizer:
    """An optimizer of a model's weights; call it in the scope of the distribution.

    Args:
        name: of `OPTIMIZERS`.
        model: whose weights it updates.
        learning_rate: to begin with.
        distribution: what the updates run on.
        weight_decay: decoupled, so that Adam becomes AdamW. 0: none.
    """
    optimizer = OPTIMIZERS[name](learning_rate, weight_decay=weight_decay or None)
    optimizer.build(model.trainable_variables)  # before tracing and restoring
    distribution.adopt(optimizer)
    return optimizer


def dense_gradients(tape: tf.GradientTape, loss: tf.Tensor, model: keras.Model) -> list[tf.Tensor]:
    """Of the loss by the model's weights.

    Dense, so that a token met twice counts once in the norm, with its gradients added.
    """
    gradients = tape.gradient(loss, model.trainable_variables)
    return [tf.convert_to_tensor(gradient) for gradient in gradients]
