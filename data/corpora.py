"""The published corpora, and the small ones written for this project."""

import dataclasses
from pathlib import Path

from data.nottingham import nottingham_manifest
from data.source import Source

_TEXYGEN = (
    "https://raw.githubusercontent.com/geek-ai/Texygen/3104e22ac75f3cc2070da2bf5e2da6d2bef149ad/"
)
_CAPTIONS_LICENCE = "captions CC BY 4.0, of the COCO consortium; the repository that holds them MIT"
_CAPTIONS_CITATION = (
    "Xinlei Chen et al.: Microsoft COCO Captions: Data Collection and Evaluation Server. 2015. "
    "Selected by Yaoming Zhu et al.: Texygen: A Benchmarking Platform for Text Generation Models. "
    "SIGIR 2018."
)
_NEWS = (
    "https://raw.githubusercontent.com/pclucas14/GansFallingShort/"
    "e6be915b1aed7843d83f7d543bfb8de9f3d3461f/real_data_experiments/data/news/"
)
_NEWS_LICENCE = "news of the WMT shared tasks, for research; their publishers keep the rights"
_NEWS_SOURCE = "Ondřej Bojar et al.: Findings of the 2017 Conference on Machine Translation (WMT17). WMT 2017. "
_NEWS_CITATION = (
    f"{_NEWS_SOURCE}Selected by Massimo Caccia et al.: Language GANs Falling Short. ICLR 2020, "
    "https://github.com/pclucas14/GansFallingShort."
)
_NEWS_FULL_CITATION = (
    f"{_NEWS_SOURCE}Selected by Jiaxian Guo et al.: Long Text Generation via Adversarial Training with "
    "Leaked Information. AAAI 2018; file of Yaoming Zhu et al.: Texygen. SIGIR 2018."
)


CORPORA = {
    "poems": Source(
        name="the Chinese quatrains",
        url=f"{_TEXYGEN}data/shi.txt",
        filename="quatrains.txt",
        size=1_590_217,
        sha256="ac03c5fbb07776f0e43cb1ccfc74732f5313ab3d832df81c8e0db327df35e666",
        licence="poems in the public domain; the repository that holds them MIT",
        citation=(
            "Xingxing Zhang, Mirella Lapata: Chinese Poetry Generation with Recurrent Neural "
            "Networks. EMNLP 2014."
        ),
        other_names=("shi.txt",),
        note="16,394 lines as in the paper, so almost surely its corpus; its split is not public",
    ),
    "speeches": Source(
        name="the speeches of Barack Obama",
        url=(
            "https://raw.githubusercontent.com/samim23/obama-rnn/"
            "10248ee07440125e1e3ea3bd07f4b3b4b6b54131/input.txt"
        ),
        filename="obama.txt",
        size=16 << 20,
        size_is_a_bound=True,  # said to be 4.3 MB
        sha256="",
        git_blob="11ec5f013964d47a45c55dbc3c9cefd71a6e3172",
        licence="speeches in the public domain; the repository that holds them MIT",
        citation="Samim Winiger: Obama-RNN. 2015, https://github.com/samim23/obama-rnn.",
        note="the file that the paper's authors name; how they cut and tokenized it is not public",
    ),
    "speeches-excerpt": Source(
        name="the excerpt of the speeches of Barack Obama",
        url=(
            "https://raw.githubusercontent.com/tcontois/Obama-Speech-Generator/"
            "98138f52e02dffd3b2593fc4b1b8ead37145bf79/datasets/short_ubama.txt"
        ),
        filename="obama_excerpt.txt",
        size=1_382_922,
        sha256="4373493282d230b86fdc1aa091709d56e33623ab36623358e1e2078e6bd4a7ed",
        licence="speeches in the public domain",
        citation="https://github.com/tcontois/Obama-Speech-Generator",
        other_names=("short_ubama.txt",),
        note="a third of the speeches the paper used: BLEU compares with nothing published",
    ),
    "speeches-paragraphs": Source(
        name="the paragraphs of speeches of Barack Obama",
        url=(
            "https://raw.githubusercontent.com/Avery246813579/Obama-Speech-Quote-Generator/"
            "bda56ebe34f26a17d853eb3f7d04480c3c50fd93/static/data/raw_corpus.txt"
        ),
        filename="obama_paragraphs.txt",
        size=4_012_330,
        sha256="7922d161ce40de52da0b3da0d80cdff5b96cd04d967d7803c18d785f1f565af3",
        licence="speeches of office, in the public domain; the repository has no licence file",
        citation="https://github.com/Avery246813579/Obama-Speech-Quote-Generator",
        note=(
            "9,840 paragraphs, another compilation than the paper's 11,092: BLEU compares with nothing "
            "published"
        ),
    ),
    "coco": Source(
        name="the COCO captions for training",
        url=f"{_TEXYGEN}data/image_coco.txt",
        filename="coco_train.txt",
        size=546_442,
        sha256="2c0fd1f0f43aac6a9dc3926a535516ccf395de535e15ac1fd17cd569420736f5",
        licence=_CAPTIONS_LICENCE,
        citation=_CAPTIONS_CITATION,
        other_names=("image_coco.txt",),
        test="coco-test",
    ),
    "coco-test": Source(
        name="the COCO captions for testing",
        url=f"{_TEXYGEN}data/testdata/test_coco.txt",
        filename="coco_test.txt",
        size=536_184,
        sha256="72e25c9fb4d2cd43182ac602c92f6ffc377762147f9709572943b0b09174bcae",
        licence=_CAPTIONS_LICENCE,
        citation=_CAPTIONS_CITATION,
        other_names=("test_coco.txt",),
    ),
    "news": Source(
        name="the news for training",
        url=f"{_NEWS}valid.txt",
        filename="news_train.txt",
        size=1_350_298,
        sha256="e66a6fdd1f6cb15cb8f851051e5c49062270e0de1e69213289ce50b88a1d7281",
        licence=_NEWS_LICENCE,
        citation=_NEWS_CITATION,
        note=(
            "10,000 sentences, the validation file of a larger corpus; published figures are of "
            "generators trained on about 270,000 (news-full)"
        ),
        test="news-test",
        max_length=50,
    ),
    "news-test": Source(
        name="the news for testing",
        url=f"{_NEWS}test.txt",
        filename="news_test.txt",
        size=1_326_837,
        sha256="e1ba37a752bc8fba6d9743898b30bb36119cc665cd35b229060bf5f75a94837d",
        licence=_NEWS_LICENCE,
        citation=_NEWS_CITATION,
        max_length=50,
    ),
    # Texygen's files, other than those of "news": the published figures are of these.
    "news-full": Source(
        name="all the news for training",
        url=f"{_TEXYGEN}data/emnlp_news.txt",
        filename="emnlp_news.txt",
        size=64 << 20,
        size_is_a_bound=True,  # said to have 268,586 to 278,586 lines
        sha256="",
        git_blob="538653e5f946b6f76e2b729c5aaa7507152354a3",
        licence=_NEWS_LICENCE,
        citation=_NEWS_FULL_CITATION,
        note="the files that published figures on EMNLP 2017 WMT news are of",
        test="news-full-test",
        max_length=51,
    ),
    "news-full-test": Source(
        name="all the news for testing",
        url=f"{_TEXYGEN}data/testdata/test_emnlp.txt",
        filename="test_emnlp.txt",
        size=1_742_757,
        sha256="",
        git_blob="9e180502bad14b00e46b32d88d8ee6417ebc050d",
        licence=_NEWS_LICENCE,
        citation=_NEWS_FULL_CITATION,
        max_length=51,
    ),
    "nottingham": Source(
        name="the Nottingham tunes",
        url=(
            "https://github.com/jukedeck/nottingham-dataset/archive/"
            "0992bb6cd864f6d4b90d6663e08c0ef53ffaa08f.zip"
        ),
        filename="nottingham-dataset-0992bb6cd864f6d4b90d6663e08c0ef53ffaa08f.zip",
        size=32 << 20,
        size_is_a_bound=True,
        redirects_to=("codeload.github.com",),
        sha256="",
        manifest="367d720d99626ffdd5b4f09fc45083d5e3bbd6ad259cdc7597b44687569aa8e5",
        manifest_of=nottingham_manifest,
        licence="GPLv3, as its repository states; fetched from there, not passed on",
        citation=(
            "The Nottingham Music Database, collected by Eric Foxley; cleaned and turned into MIDI by "
            "Jukedeck, https://github.com/jukedeck/nottingham-dataset."
        ),
        other_names=("nottingham_midi.zip",),
        note=(
            "the paper used 695 of the Nottingham tunes, it is not known which; how it cut them into "
            "sequences and split them is not public"
        ),
    ),
}

# The published test file has captions of other subjects: here the test part is one of the training file.
CORPORA["coco-iid"] = dataclasses.replace(
    CORPORA["coco"],
    name="the COCO captions for training, split at random",
    test="",
    note="the test part is a random part of the training file, not the published test file",
)

# Small corpora written for this project, by task.
SAMPLES = {
    "poems": "quatrains.txt",
    "speeches": "speech.txt",
    "text": "speech.txt",
    "music": "tunes.py",
}
SAMPLES_FOLDER = Path(__file__).with_name("samples")


# The published corpora that a task can read: the others are of another form.
OF_TASK = {
    "poems": ("poems",),
    "speeches": ("speeches", "speeches-paragraphs", "speeches-excerpt"),
    "text": tuple(name for name in CORPORA if name != "nottingham"),
    "music": ("nottingham",),
}
