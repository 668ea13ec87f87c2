"""The same models and updates as one would write them in plain Keras: layers, `fit`, `predict`."""

import keras
import numpy as np
import tensorflow as tf

from models.discriminator import paper_kernels
from training.discriminators import with_defaults
from training.task_settings import OracleSettings


def make_generator(settings: OracleSettings) -> keras.Model:
    """Embedding, LSTM, Dense: inputs int `[B, T]`, each the token before -> logits `[B, T, V]`."""
    model = keras.Sequential(
        [
            keras.Input([settings.max_length], dtype="int32"),
            keras.layers.Embedding(settings.vocab_size, settings.embedding_dim),
            keras.layers.LSTM(settings.hidden_dim, return_sequences=True),
            keras.layers.Dense(settings.vocab_size),
        ]
    )
    model.compile(
        keras.optimizers.Adam(
            settings.mle_learning_rate,
            global_clipnorm=settings.clip_norm,
        ),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


def make_discriminator(settings: OracleSettings) -> keras.Model:
    """Conv1D of each width, maximum over time, highway, dropout: int `[B, T]` -> logits `[B, 1]`."""
    known = with_defaults(settings)
    tokens = keras.Input([settings.max_length], dtype="int32")
    embedded = keras.layers.Embedding(settings.vocab_size, settings.discriminator_embedding_dim)(
        tokens
    )
    x = keras.layers.Concatenate()(
        [
            keras.layers.GlobalMaxPooling1D()(
                keras.layers.Conv1D(filters, width, activation="relu")(embedded)
            )
            for width, filters in paper_kernels(settings.max_length).items()
        ]
    )
    gate = keras.layers.Dense(x.shape[-1], activation="sigmoid")(x)
    transform = keras.layers.Dense(x.shape[-1], activation="relu")(x)
    x = gate * transform + (1 - gate) * x
    x = keras.layers.Dropout(known.discriminator_dropout)(x)
    penalty = keras.regularizers.L2(known.discriminator_l2 / 4)
    model = keras.Model(tokens, keras.layers.Dense(1, kernel_regularizer=penalty)(x))
    model.compile(
        keras.optimizers.Adam(known.discriminator_learning_rate),
        keras.losses.BinaryCrossentropy(from_logits=True),
    )
    return model


def inputs_of(tokens: np.ndarray, start_token: int = 0) -> np.ndarray:
    """The token before each token, int `[B, T]`."""
    return np.pad(tokens, [[0, 0], [1, 0]], constant_values=start_token)[:, :-1]


def sample(generator: keras.Model, num: int, length: int) -> np.ndarray:
    """Sequences int32 `[num, T]`: the whole model called for every token."""
    inputs = np.zeros([num, length + 1], np.int32)
    for t in range(length):
        logits = generator(inputs[:, :length], training=False)[:, t]
        inputs[:, t + 1] = keras.random.categorical(logits, 1)[:, 0]
    return inputs[:, 1:]


def score(discriminator: keras.Model, tokens: tf.Tensor) -> tf.Tensor:
    """Probabilities that sequences are real, float32 `[M]`, by `predict`."""
    return tf.sigmoid(discriminator.predict(tokens, batch_size=1024, verbose=0)[:, 0])
