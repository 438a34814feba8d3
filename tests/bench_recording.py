"""``make bench``, last part: what a recorded step of training costs, in multiples of the same step
without a recording, both by processor time and in one run.

The step is BERT's, of twelve layers and tiny widths, forward and backward, with the library
``transformers``; without that, one of PyTorch's own encoder of twelve layers.
"""

import importlib.util
import statistics
import time
from collections.abc import Callable

RUNS = 9


def step() -> tuple[str, Callable[[], object]]:
    """What is measured, and its name."""
    import torch

    torch.set_num_threads(1)
    if importlib.util.find_spec("transformers") is not None:
        import models

        return "BERT", models.program("BERT").run

    layer = torch.nn.TransformerEncoderLayer(32, 2, 64, batch_first=True)
    encoder = torch.nn.TransformerEncoder(layer, 12)
    words = torch.randn(2, 10, 32)
    return "an encoder", lambda: encoder(words).sum().backward()


def seconds(run: Callable[[], object]) -> float:
    """Of the processor."""
    start = time.process_time()
    run()
    return time.process_time() - start


def main() -> None:
    from autograd_atlas import Recording

    name, plain = step()

    def recorded() -> None:
        with Recording():
            plain()

    plain()
    recorded()
    pairs = [(seconds(plain), seconds(recorded)) for _ in range(RUNS)]
    own, whole = (statistics.median(each) for each in zip(*pairs, strict=True))
    print(f"a step of {name}: {own * 1000:.1f} ms, recorded {whole / own:.1f} × as much")


if __name__ == "__main__":
    main()
