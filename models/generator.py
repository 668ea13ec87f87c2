"""The policy G_theta: an LSTM (or another cell) that writes a sequence token by token."""

import math
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf

from models import checks, device
from models.chunks import map_chunks
from models.draw import TokenDraw
from models.dropout import dropout as drop_features
from models.graph_function import graph_function
from models.recurrent import make_recurrent, state_shapes
from models.shares import WHOLE, Share
from models.token_loop import loop_positions

Seed: TypeAlias = Any  # an int32 pair: tensor, array or tuple

# Probability 0 at every temperature in use, and finite, so that 0 times it is 0.
BLOCKED_LOGIT = -1e9


@keras.saving.register_keras_serializable(package="seqgan")
class Generator(keras.Model):
    """Autoregressive policy G(y_t | Y_{1:t-1}) of Yu et al. (2017), "The Generative Model for Sequences".

    Embedding, recurrent layer, and a dense layer to V logits. Every weight and bias starts at
    N(0, 0.1) as in the published code, with no forget-gate bias of 1.

    Args:
        vocab_size: V, number of token ids.
        max_length: T, tokens in a sequence.
        embedding_dim: E.
        hidden_dim: H.
        cell: `"lstm"` (the paper's), `"gru"`, or `"lstm-attention"` (`models.attention`).
        start_token: id fed before the first token. It may be an ordinary token too.
        end_token: id that ends a sequence; what follows it is `pad_token`. None: all have T tokens.
        pad_token: id that fills a sequence after its end.
        blocked_tokens: ids that are never written (padding, unknown words): they may be read, but
            their probability is 0, and as targets they do not count (`mask`).
        initializer_stddev: standard deviation of the initial weights.
        dropout: share of the recurrent layer's inputs and outputs dropped in maximum likelihood, with
            one mask a sequence (`models.dropout`). The paper has none.

    Call arguments:
        tokens: int `[B, T]`. Position t sees the start token and the tokens before t only.
        training: whether dropout is on.
        seed: int32 pair that decides the dropout masks; needed where dropout is on.
        share: of a batch that the tokens are, with its rows of the batch's masks.

    Returns:
        logits, float32 `[B, T, V]`.
    """

    def __init__(
        self,
        vocab_size: int,
        max_length: int,
        embedding_dim: int = 32,
        hidden_dim: int = 32,
        cell: str = "lstm",
        start_token: int = 0,
        end_token: int | None = None,
        pad_token: int = 0,
        blocked_tokens: tuple[int, ...] = (),
        initializer_stddev: float = 0.1,
        dropout: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        checks.check_float32(self)
        checks.check_rate(dropout=dropout)
        vocab_size, max_length, embedding_dim, hidden_dim = checks.counts(
            vocab_size=vocab_size,
            max_length=max_length,
            embedding_dim=embedding_dim,
            hidden_dim=hidden_dim,
        )
        checks.check_special_tokens(vocab_size, start_token, end_token, pad_token, blocked_tokens)
        self.vocab_size = vocab_size
        self.max_length = max_length
        self.embedding_dim = embedding_dim
        self.hidden_dim = hidden_dim
        self.cell = cell
        self.start_token = start_token
        self.end_token = end_token
        self.pad_token = pad_token
        self.blocked_tokens = tuple(sorted(set(map(int, blocked_tokens))))
        self.initializer_stddev = initializer_stddev
        self.dropout = dropout
        self.layout = device.layout()

        def normal():
            return keras.initializers.RandomNormal(stddev=initializer_stddev)

        self.embedding = keras.layers.Embedding(
            vocab_size, embedding_dim, embeddings_initializer=normal(), name="embedding"
        )
        self.rnn = make_recurrent(cell, hidden_dim, max_length, normal)
        self.head = keras.layers.Dense(
            vocab_size, kernel_initializer=normal(), bias_initializer=normal(), name="head"
        )
        self.build((None, max_length))

    def build(self, input_shape):
        """Creates all weights, so that tracing and restoring never depend on a first call."""
        self.embedding.build((None, self.max_length))
        self.rnn.build((None, self.max_length, self.embedding_dim))
        self.head.build((None, self.hidden_dim))
        self.built = True

    def call(self, tokens, training=False, seed=None, share=WHOLE):
        return self.logits(self.hidden(tokens, training, seed, share))

    def hidden(
        self, tokens: tf.Tensor, training: bool = False, seed: Seed = None, share: Share = WHOLE
    ) -> tf.Tensor:
        """What the logits are made from, `[B, T, H]`; arguments as of a call."""
        if not tf.is_symbolic_tensor(tokens):  # Keras saves a model by tracing it on floats
            tokens = checks.check_tokens(tokens, self.vocab_size, self.max_length)
        start = tf.fill([tf.shape(tokens)[0], 1], tf.constant(self.start_token, tokens.dtype))
        inputs = self.embedding(
            tf.concat([start, tokens[:, :-1]], axis=1)
        )  # at t the token at t - 1
        if not (training and self.dropout):
            return self.rnn(inputs)
        first, second = tf.unstack(
            tf.random.experimental.stateless_split(checks.check_seed(seed), 2)
        )
        hidden = self.rnn(drop_features(inputs, self.dropout, first, share))
        return drop_features(hidden, self.dropout, second, share)

    def logits(self, hidden: tf.Tensor) -> tf.Tensor:
        """Logits `[..., V]` of the next token from hidden states `[..., H]`."""
        (hidden,) = checks.check_arrays(hidden=(hidden, f"float [..., {self.hidden_dim}]"))
        logits = self.head(hidden)
        return logits + self.blocked_logits() if self.blocked_tokens else logits

    def blocked_logits(self) -> np.ndarray:
        """What logits get in addition, float32 `[V]`: `BLOCKED_LOGIT` for ids that are never written."""
        blocked = np.zeros(self.vocab_size, np.float32)
        blocked[list(self.blocked_tokens)] = BLOCKED_LOGIT
        return blocked

    def mask(self, tokens: tf.Tensor) -> tf.Tensor:
        """1 where a token counts, 0 where the policy could not have written it (padding, unknown).

        int `[B, T]` -> float32 `[B, T]`.
        """
        tokens = checks.check_tokens(tokens, self.vocab_size, self.max_length)
        tokens = tf.cast(tokens, self.layout.ids)
        counts = tf.ones_like(tokens, tf.float32)
        for blocked in self.blocked_tokens:
            counts *= tf.cast(tokens != blocked, tf.float32)
        return counts

    @property
    def state_shapes(self) -> list[tuple[int, ...]]:
        """Of the states of a row: (h, c) of an LSTM, (h,) of a GRU, each `[H]`; with attention more."""
        return state_shapes(self.cell, self.hidden_dim, self.max_length)

    def rollout_rows(self, most: int) -> int:
        """Completions to write at a time, at most `most`."""
        state_size = sum(math.prod(shape) for shape in self.state_shapes)
        return self.layout.rollout_rows(most, self.vocab_size, state_size)

    def initial_states(self, num: tf.Tensor | int) -> list[tf.Tensor]:
        """Zero states before the start token, `[num, ...]`, see `state_shapes`."""
        return [tf.zeros([num, *shape]) for shape in self.state_shapes]

    def start_tokens(self, num: tf.Tensor | int) -> tf.Tensor:
        """The start token for each row: int `[num]`, of the dtype of ids in compiled functions."""
        return tf.fill([num], tf.constant(self.start_token, self.layout.ids))

    def step(self, tokens: tf.Tensor, states: list[tf.Tensor]) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Reads one token a row (`[M]`): the hidden state after it (`[M, H]`) and all states."""
        (tokens,) = checks.check_arrays(tokens=(tokens, "int [M]"))
        return self.rnn.cell(self.embedding(tokens), states)

    def weights_read_once(self) -> keras.StatelessScope:
        """A scope in which `step` uses the weights of the moment, for `models.token_loop`."""
        return keras.StatelessScope([(w, tf.convert_to_tensor(w.value)) for w in self.weights])

    def token_draw(self) -> TokenDraw:
        """Draws by the weights of the moment; for many steps make one before the first."""
        return TokenDraw(self.head.kernel, self.head.bias, self.blocked_tokens, self.layout)

    def draw(self, hidden: tf.Tensor, uniforms: tf.Tensor, temperature=None) -> tf.Tensor:
        """Next tokens, int32 `[M]`, from hidden states `[M, H]` and uniforms `[M]` in [0, 1)."""
        return tf.cast(self.token_draw()(hidden, uniforms, temperature), tf.int32)

    def end(self, token: tf.Tensor, ended: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Pads rows that have ended: tokens int `[M]` and what has ended with them, bool `[M]`."""
        if self.end_token is None:
            return token, ended
        pad = tf.constant(self.pad_token, token.dtype)
        return tf.where(ended, pad, token), ended | (token == self.end_token)

    def sample(
        self, num: int, seed: Seed, temperature: float = 1.0, share: Share = WHOLE
    ) -> tf.Tensor:
        """Draws sequences from the policy.

        Args:
            num: number of sequences, at least 1.
            seed: int32 pair, as in `tf.random.stateless_uniform`. The same pair gives the same sequences.
            temperature: divides the logits; below 1 sharpens. Above 0.
            share: of the sequences that is drawn.

        Returns:
            int32 `[num, T]`, or those of the share.
        """
        checks.check_counts(num=num)
        checks.check_temperature(temperature)
        given = tf.cast(num, tf.int32), checks.check_seed(seed), tf.cast(temperature, tf.float32)
        if share == WHOLE:
            return self.sample_graph(*given)
        rows = share.of(num)
        return self._sample_rows(*given, tf.constant(rows.start), tf.constant(rows.stop))

    @graph_function(
        input_signature=[
            tf.TensorSpec([], tf.int32, "num"),
            tf.TensorSpec([2], tf.int32, "seed"),
            tf.TensorSpec([], tf.float32, "temperature"),
        ]
    )
    def sample_graph(self, num, seed, temperature):
        """`sample` without its checks, on tensors: what is exported."""
        return self._write(
            tf.random.stateless_uniform([num, self.max_length], seed, alg="philox"), temperature
        )

    @graph_function(reduce_retracing=True)
    def _sample_rows(self, num, seed, temperature, first, last):
        uniforms = tf.random.stateless_uniform([num, self.max_length], seed, alg="philox")
        return self._write(uniforms[first:last], temperature)

    def _write(self, uniforms, temperature):
        """Sequences int32 `[M, T]` from a uniform for each token."""
        draw, ids = self.token_draw(), self.layout.ids

        def write(uniforms):
            def write_token(t, token, ended, states):
                hidden, states = self.step(token, states)
                token, ended = self.end(draw(hidden, uniforms[:, t], temperature), ended)
                return [token], token, ended, states

            rows, kept = tf.shape(uniforms)[0], [tf.TensorSpec([None], ids)]
            start = self.start_tokens(rows), tf.fill([rows], False), self.initial_states(rows)
            (written,), _ = loop_positions(write_token, start, (0, self.max_length), kept)
            return tf.transpose(written)

        # On cores two at once: a step has many operations that are too small for more than one.
        at_once = self.layout.chunks_at_once
        rows = -(-tf.shape(uniforms)[0] // at_once)
        rows = tf.minimum(self.layout.logit_rows(self.vocab_size), rows)
        samples = tf.TensorSpec([None, self.max_length], ids)
        with self.weights_read_once():
            return tf.cast(map_chunks(write, uniforms, rows, samples, at_once), tf.int32)

    def log_prob(self, tokens: tf.Tensor, temperature: float = 1.0) -> tf.Tensor:
        """Log-probability of whole sequences, nats per sequence: tokens int `[M, T]` -> float32 `[M]`.

        Tokens that the policy cannot write do not count, see `mask`. `temperature` is that of
        `sample`: the logits are divided by it.
        """
        checks.check_temperature(temperature)
        tokens = checks.check_tokens(tokens, self.vocab_size, self.max_length)
        return self._log_prob(tokens, tf.cast(temperature, tf.float32))

    @graph_function(
        input_signature=[tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([], tf.float32)]
    )
    def _log_prob(self, tokens, temperature):
        draw = self.token_draw()

        def score(tokens):
            hidden = tf.reshape(self.hidden(tokens), [-1, self.hidden_dim])
            token_log_probs = map_chunks(
                lambda hidden, token: draw.log_prob(hidden, token, temperature),
                (hidden, tf.reshape(tokens, [-1])),
                self.layout.logit_rows(self.vocab_size),
                at_once=self.layout.chunks_at_once,
            )
            token_log_probs = tf.reshape(token_log_probs, tf.shape(tokens))
            return tf.reduce_sum(tf.where(self.mask(tokens) > 0, token_log_probs, 0.0), axis=1)

        tokens = tf.cast(tf.ensure_shape(tokens, [None, self.max_length]), self.layout.ids)
        return map_chunks(score, tokens, self.layout.read_rows(self.max_length))

    def get_config(self):
        names = (
            "vocab_size", "max_length", "embedding_dim", "hidden_dim", "cell", "start_token",
            "end_token", "pad_token", "blocked_tokens", "initializer_stddev", "dropout",
        )  # fmt: skip
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
