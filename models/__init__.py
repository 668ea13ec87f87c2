"""Keras models of SeqGAN: the policy, its target network, the discriminator and the oracle."""
