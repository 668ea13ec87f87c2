"""Keras models of SeqGAN: the policy, its target network, the discriminator and the oracle."""

from models.backend import check_backend

check_backend()
