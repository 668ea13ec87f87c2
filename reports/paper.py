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

# The learning curves over g-steps, d-steps and k: {panel: (g-steps, d-steps, k)}.
PANEL_SETTINGS = ("g_steps", "d_steps", "d_epochs")
PANELS = {"a": (100, 1, 10), "b": (30, 1, 30), "c": (1, 1, 10), "d": (1, 5, 3)}

# Tables 2 to 4: {task: {our metric: (MLE, SeqGAN)}}. BLEU against "the whole test set as the
# references", whose size and smoothing are not public; MSE of pitch, whose pairing is not public.
TABLES_2_TO_4 = {
    "poems": {"bleu_2": (0.6670, 0.7389)},
    "speeches": {"bleu_3": (0.519, 0.556), "bleu_4": (0.416, 0.427)},
    "music": {"bleu_4": (0.9210, 0.9406), "pitch_mse": (22.38, 20.62)},
}
# The corpora of these tables, by task: names of `data.corpora.CORPORA`.
CORPUS = {"poems": "poems", "speeches": "speeches", "music": "nottingham"}

# Table 2: 70 experts on Chinese poetry judged 20 poems of each source; the mean of 1 for "human" and 0
# for "machine", and the p-value between MLE and SeqGAN, of a test that the paper does not name.
HUMAN_SCORES = {"real": 0.6011, "mle": 0.4165, "seqgan": 0.5356}
HUMAN_P_VALUE = 0.0034

# Guo et al.: "Long Text Generation via Adversarial Training with Leaked Information", AAAI 2018:
# SeqGAN's rows there, {corpus: {our metric: SeqGAN}}. No public protocol either. Their news are those
# of "news-full", or a file named emnlp...; "news" are 10,000 other sentences of the same source.
_NEWS = {"bleu_2": 0.859, "bleu_3": 0.6015, "bleu_4": 0.4541, "bleu_5": 0.4498}
LATER_SEQGAN = {
    "coco": {"bleu_2": 0.831, "bleu_3": 0.642, "bleu_4": 0.521, "bleu_5": 0.427},
    "news-full": _NEWS,
    "emnlp": _NEWS,
    "poems": {"bleu_2": 0.738},
}
