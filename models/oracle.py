"""The oracle: a known LSTM that defines the true distribution of the synthetic task."""

import keras
import numpy as np

from models.checks import check_arrays
from models.generator import Generator


@keras.saving.register_keras_serializable(package="seqgan")
class Oracle(Generator):
    """A generator with fixed weights, drawn from N(0, 1) ("Synthetic Data Experiments", Yu et al., 2017).

    It has the shape of a `Generator` and takes the same arguments. Use `from_seed` or
    `from_parameters`; its weights are not trainable.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.trainable = False

    @classmethod
    def from_seed(cls, seed: int, vocab_size: int = 5000, max_length: int = 20, **kwargs):
        """An oracle whose weights and biases are all N(0, 1), the same for the same seed."""
        oracle = cls(vocab_size, max_length, **kwargs)
        random = np.random.default_rng(seed)
        oracle.set_weights(
            [random.standard_normal(w.shape, dtype=np.float32) for w in oracle.weights]
        )
        return oracle

    @classmethod
    def from_parameters(cls, parameters: list[np.ndarray], max_length: int = 20):
        """The oracle of the published parameters.

        Args:
            parameters: 15 float32 arrays in the published order: embedding `[V, E]`; kernel `[E, H]`,
                recurrent kernel `[H, H]` and bias `[H]` of the input, forget, output and candidate
                gates; output kernel `[H, V]` and bias `[V]`.
            max_length: T; the parameters fit any length.
        """
        gate = ["float [E, H]", "float [H, H]", "float [H]"]
        forms = ["float [V, E]", *gate * 4, "float [H, V]", "float [V]"]
        if len(parameters) != len(forms):
            raise ValueError(
                f"`parameters` are {len(parameters)}, expected {len(forms)} arrays; give those of a "
                "published oracle."
            )
        given = enumerate(zip(parameters, forms, strict=True))
        arrays = check_arrays(**{f"parameters[{k}]": pair for k, pair in given})
        embedding, *gates, head_kernel, head_bias = [array.numpy() for array in arrays]
        i, f, o, c = (gates[k : k + 3] for k in range(0, 12, 3))
        # Keras keeps the gates side by side as input, forget, candidate, output.
        rnn = [np.concatenate(parts, axis=-1) for parts in zip(i, f, c, o, strict=True)]
        vocab_size, embedding_dim = embedding.shape
        oracle = cls(vocab_size, max_length, embedding_dim, hidden_dim=head_kernel.shape[0])
        oracle.set_weights([embedding, *rnn, head_kernel, head_bias])
        return oracle
