"""The highway layer between the discriminator's features and its output layer."""

import keras

from models.checks import check_arrays


@keras.saving.register_keras_serializable(package="seqgan")
class Highway(keras.layers.Layer):
    """Mixes transformed features with the features themselves (Srivastava et al., 2015).

        gate = sigmoid(W_g x + b_g);  y = gate * relu(W_t x + b_t) + (1 - gate) * x

    Gate and transform have separate weights. Input and output: `[B, F]`.
    """

    def build(self, input_shape):
        units = input_shape[-1]

        def dense(name, activation):
            layer = keras.layers.Dense(
                units,
                activation=activation,
                kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
                bias_initializer="zeros",
                dtype=self.dtype_policy,
                name=name,
            )
            layer.build(input_shape)
            return layer

        self.transform = dense("transform", "relu")
        self.gate = dense("gate", "sigmoid")
        super().build(input_shape)

    def call(self, features):
        (features,) = check_arrays(features=(features, "float [B, F]"))
        gate = self.gate(features)
        return features + gate * (self.transform(features) - features)

    def compute_output_shape(self, input_shape):
        return input_shape
