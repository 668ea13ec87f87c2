"""The published numbers, each with its source."""

# Yu, Zhang, Wang, Yu: "SeqGAN: Sequence Generative Adversarial Nets with Policy Gradient", AAAI 2017.
# Table 1: NLL-oracle, nats per token, on the published oracle (V = 5000, T = 20).
TABLE_1 = {
    "random": 10.310,
    "mle": 9.038,
    "ss": 8.985,
    "pg-bleu": 8.946,
    "seqgan": 8.736,
}
