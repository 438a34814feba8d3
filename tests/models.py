"""Ten programs that people really have: random, small, each one step of training with its backward.

Eight models come from ``transformers`` and ``timm`` (see ``tests/extras.py``), the GAN and the LSTM
from here. A program runs anew, from the same seed, as often as it is called.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

os.environ["HF_HUB_OFFLINE"] = "1"  # nothing is loaded, so nobody has to be asked

BATCH, LENGTH, WORDS = 2, 10, 120


@dataclass
class Program:
    """What a step of training works on: models by the name that a program gives them, what they
    are given, and how the losses come of it, by name, their gradients sent."""

    models: dict[str, nn.Module]
    given: dict[str, Tensor]
    step: Callable[..., dict[str, Tensor]]
    optimizers: Sequence[torch.optim.Optimizer] = ()

    def run(self) -> dict[str, Tensor]:
        return self.step(self)

    def gradients(self) -> dict[str, Tensor | None]:
        """Of every parameter and input."""
        parameters = {
            f"{name}.{path}": parameter
            for name, model in self.models.items()
            for path, parameter in model.named_parameters()
        }
        return {name: leaf.grad for name, leaf in (parameters | self.given).items()}

    def names(self) -> dict[str, Any]:
        """What the variables of a person who draws the losses are called."""
        return {**self.models, **self.given}


def with_loss(program: Program) -> dict[str, Tensor]:
    """A step of a model of ``transformers`` that is given labels."""
    model = program.models["model"]
    out = model(**program.given)
    loss = out.loss
    loss.backward()
    return {"loss": loss}


def against(
    loss_of: Callable[[Tensor, Tensor], Tensor], given: str, target: str
) -> Callable[[Program], dict[str, Tensor]]:
    """A step of a model whose answer is held against a target."""

    def step(program: Program) -> dict[str, Tensor]:
        out = program.models["model"](program.given[given])
        loss = loss_of(out, program.given[target])
        loss.backward()  # type: ignore[no-untyped-call]
        return {"loss": loss}

    return step


def words(length: int = LENGTH) -> Tensor:
    return torch.randint(3, WORDS, (BATCH, length))


def gpt2() -> Program:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        n_layer=12, n_embd=32, n_head=4, vocab_size=WORDS, n_positions=32,
        bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    ids = words()
    return Program({"model": GPT2LMHeadModel(config)}, {"input_ids": ids, "labels": ids}, with_loss)


def bert() -> Program:
    from transformers import BertConfig, BertForSequenceClassification

    config = BertConfig(
        num_hidden_layers=12, hidden_size=32, num_attention_heads=4, intermediate_size=64,
        vocab_size=WORDS, max_position_embeddings=32,
    )  # fmt: skip
    given = {"input_ids": words(), "labels": torch.tensor([0, 1])}
    return Program({"model": BertForSequenceClassification(config)}, given, with_loss)


def vit() -> Program:
    from transformers import ViTConfig, ViTForImageClassification

    config = ViTConfig(
        num_hidden_layers=12, hidden_size=32, num_attention_heads=4, intermediate_size=64,
        image_size=32, patch_size=8, num_labels=5,
    )  # fmt: skip
    given = {"pixel_values": torch.randn(BATCH, 3, 32, 32), "labels": torch.tensor([0, 1])}
    return Program({"model": ViTForImageClassification(config)}, given, with_loss)


def t5() -> Program:
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(
        num_layers=4, num_decoder_layers=4, d_model=32, d_kv=8, num_heads=4, d_ff=64,
        vocab_size=WORDS, decoder_start_token_id=0,
    )  # fmt: skip
    given = {"input_ids": words(), "labels": words(7)}
    return Program({"model": T5ForConditionalGeneration(config)}, given, with_loss)


def whisper() -> Program:
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    config = WhisperConfig(
        encoder_layers=2, decoder_layers=2, d_model=32, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=64, decoder_ffn_dim=64, vocab_size=WORDS,
        num_mel_bins=16, max_source_positions=30, max_target_positions=20, pad_token_id=0,
        bos_token_id=1, eos_token_id=2, decoder_start_token_id=1, suppress_tokens=None,
        begin_suppress_tokens=None,
    )  # fmt: skip
    given = {"input_features": torch.randn(BATCH, 16, 60), "labels": words(7)}
    return Program({"model": WhisperForConditionalGeneration(config)}, given, with_loss)


def of_timm(name: str, size: int, **options: Any) -> Program:
    import timm

    model = timm.create_model(name, pretrained=False, num_classes=5, **options)
    given = {"images": torch.randn(BATCH, 3, size, size), "labels": torch.tensor([0, 1])}
    return Program({"model": model}, given, against(F.cross_entropy, "images", "labels"))


def swin() -> Program:
    return of_timm(
        "swin_tiny_patch4_window7_224", 64, img_size=64, window_size=4, embed_dim=16,
        num_heads=(1, 2, 4, 8),
    )  # fmt: skip


def resnet18() -> Program:
    return of_timm("resnet18", 64)


def convnext() -> Program:
    return of_timm("convnext_atto", 64)


def gan() -> Program:
    """Both halves of a step: what the discriminator learns, and then the generator."""
    G = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 8))
    D = nn.Sequential(nn.Linear(8, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
    given = {"real": torch.randn(BATCH, 8), "noise": torch.randn(BATCH, 4)}
    optimizers = [torch.optim.SGD(model.parameters(), lr=0.1) for model in (D, G)]
    return Program({"G": G, "D": D}, given, adversarial, optimizers)


def adversarial(program: Program) -> dict[str, Tensor]:
    G, D = program.models["G"], program.models["D"]
    real, noise = program.given["real"], program.given["noise"]
    optimizer_D, optimizer_G = program.optimizers
    fake = G(noise)
    on_real = F.softplus(-D(real)).mean()
    on_fake = F.softplus(D(fake.detach())).mean()
    loss_D = on_real + on_fake
    loss_D.backward()  # type: ignore[no-untyped-call]
    optimizer_D.step()
    optimizer_D.zero_grad()
    loss_G = F.softplus(-D(fake)).mean()
    loss_G.backward()  # type: ignore[no-untyped-call]
    optimizer_G.step()
    return {"loss_D": loss_D, "loss_G": loss_G}


class Reader(nn.Module):
    """A cell that reads a sequence in a loop of one's own, and a head on its last state."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.head = nn.LSTMCell(8, 8), nn.Linear(8, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        h = c = torch.zeros(BATCH, 8)
        for x in inputs:
            h, c = self.cell(x, (h, c))
        out: Tensor = self.head(h)
        return out


def lstm(steps: int = 100) -> Program:
    given = {"inputs": torch.randn(steps, BATCH, 8), "target": torch.randn(BATCH, 1)}
    return Program({"model": Reader()}, given, against(F.mse_loss, "inputs", "target"))


MODELS: dict[str, Callable[[], Program]] = {
    "GPT-2": gpt2,
    "BERT": bert,
    "ViT": vit,
    "T5": t5,
    "Whisper": whisper,
    "Swin": swin,
    "ResNet-18": resnet18,
    "ConvNeXt": convnext,
    "GAN": gan,
    "LSTM": lstm,
}
OWN: dict[str, Callable[[], Program]] = {  # quick, and need torch alone
    "GAN": gan,
    "short LSTM": partial(lstm, 20),
}


@cache
def declare_operators_of_torchvision() -> None:
    """timm and transformers import torchvision, whose wheels on PyPI are for CUDA: with a torch for
    CPUs they load no operators, and then stumble over two of these (pytorch/pytorch#122494)."""
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        for name in ("nms", "qnms"):
            torch.library.define(f"torchvision::{name}", "(Tensor a, Tensor b, float c) -> Tensor")


def program(name: str) -> Program:
    """One of :data:`MODELS` or :data:`OWN`, made from a seed, and training."""
    if name not in OWN:
        declare_operators_of_torchvision()
    torch.manual_seed(0)
    made = (MODELS | OWN)[name]()
    for model in made.models.values():
        model.train()
    return made
