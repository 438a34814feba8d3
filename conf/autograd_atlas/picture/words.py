"""The words of the package. English stands here, by keys; every other language is a gettext
catalogue in ``locale/``, in which a key is the context of its message.

A new language is a new catalogue, and nothing else. ``make gettext`` keeps catalogues up to date
with this table. What stands between braces stays as it is in a translation.
"""

import io
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

LOCALE = Path(__file__).parents[1] / "locale"
CATALOGUE = "LC_MESSAGES/autograd_atlas.po"  # of a language, in its folder

ENGLISH = {
    "written": "What you wrote",
    "recorded": "What PyTorch recorded",
    "words": "The graph in words",
    "backward": "The backward pass, in the order in which PyTorch ran it",
    "inside": "Inside {block}",
    "inside-equal": "Inside {block} (the same in {others})",
    "left-out": "{n} folded blocks are too much for one page, and do not open here; open=[…] in "
    "draw() opens those that you name.",
    "scroll": "Picture of the graph; scroll sideways to see all of it",
    "value": "value",
    "local": "local derivative",
    "sent": "gradient sent back",
    "sent-product": "gradient sent back, ∇ × ∂",
    "arrived": "gradient that arrived",
    "sentences": "{text} {more}",  # how one sentence follows another
    "after-bracket": ") ",  # a closing bracket before the next word
    "comma": ", ",
    "and": " and ",
    "result": "the result",
    "alt-written": "Computation graph of {roots}: {calls} on {leaves}.",
    "alt-counted": "Computation graph of {roots}: {calls} on {leaves}.",  # that have no names here
    "alt-recorded": "What PyTorch recorded for {roots}: {nodes}, {edges}.",
    "alt-inside": "Inside {block}.",
    "alt-folded": "Folded: {blocks}.",
    "alt-folded-some": "Folded: {blocks}, … ({n} in all).",
    "alt-values": "{values}.",
    "no-leaves": "computed tensors",
    "leaf": "{name} = {value}, a leaf tensor that requires a gradient",
    "computed": "{name} = {value}, computed outside of the recording",
    "constant": "{name} = {value}, needs no gradient",
    "made": "{name} = {source} gives {value}",
    "unnamed-made": "{source} gives {value}",
    "several": "{source} gives {outputs}",
    "raises": "{source} raised an error, and gave nothing",
    "output": "{name}, {value}",
    "of": "{function} of {inputs}",
    "of-nothing": "{function}",
    "alias": "{name}: changed through {source}, now {value}",
    "block": "{name}: {count}, from {inputs}",
    "block-leads": "{name}: {count}, leads to {inputs}",
    "block-alone": "{name}: {count}",
    "unnamed": "tensor {n}",
    "result-of": "the result of {function}",
    "leads": "{node} leads to {targets}",
    "leads-nowhere": "{node} leads nowhere",
    "stop": "`None` (that input needs no gradient)",
    "keeps": "; it saved {saved}",
    "kept": "{name}",
    "freed": "{name} (freed by the backward pass)",
    "changed": "{name} (changed since)",
    "packed": "{name} (packed by a hook)",
    "unknown": "{name} (not read: this version of PyTorch does not tell whether that runs a hook)",
    "ends": "{node} adds the gradient that arrives to {name}",
    "ends-unnamed": "{node} adds the gradient that arrives to the `.grad` of a leaf tensor",
    "inputs": "the inputs are {inputs}; PyTorch has recorded nothing yet",
    "input": "{name} = {value}",
    "records": "; PyTorch records {nodes}",
    "which-leads": ", which leads to {targets}",
    "records-nothing": "; PyTorch records nothing",
    "record": "PyTorch records {node}; ",
    "seed": "The backward pass starts from {root}, whose gradient with respect to itself is 1. ",
    "seed-given": "The backward pass starts from {root} with the gradient that was given. ",
    "node-of": "{node} ({names})",
    "receives": "{node} receives {received}",
    "hook": " (a hook changed it from {before})",
    "sends": " and sends {sent}",
    "sent-comma": ", ",
    "sent-and": " and ",
    "to": "{value} to {target}",
    "none": "`None`",
    "grad": "; {name} is {value}",
    "more": "… and {n} more",
    "player": "Play this graph",
    "first": "To the beginning",
    "back": "One step back",
    "play": "Play",
    "pause": "Pause",
    "forward": "One step forward",
    "last": "To the end",
    "step": "Step",
    "speed": "Playing speed: {n}×",
    "zoom-in": "Zoom in",
    "zoom-out": "Zoom out",
    "at": "Step {n} of {all}: ",
    "at-forward": "Step {n} of {all}, forward pass: ",
    "at-backward": "Step {n} of {all}, backward pass: ",
    "joined-forward": "{n} operations of {block}; the last one: {line}",
    "joined-backward": "{n} nodes of {block}, among them: {line}",
    "joined-one": "in {block}, {line}",
    "too-long": "This picture cannot be played: its calculation has {n} steps, and a page plays up "
    "to {most}.",
    "picture": "Picture of the graph; the arrow keys play it step by step, "
    "with Shift they scroll it",
    "edit": "Change the inputs",
    "why-fixed": "Why the inputs cannot be changed",
    "drag": "Type another number over one with a dotted line below it, in the picture or here, or "
    "drag a name to the left or right.",
    "reset": "Back to PyTorch's numbers",
    "link": "Copy a link to these numbers",
    "copied": "Copied",
    "yours": "With your numbers. ",
    "after-all": "After all steps: ",
    "edited": "Your browser calculated these numbers, operation by operation, on the recorded "
    "graph; PyTorch did not run again. What the program decides with an if or a loop, or takes "
    "out of a tensor with item(), stays as it was.",
    "words-recorded": "The numbers below are PyTorch's, for the original inputs.",
    "not-a-number": "The address says {name} = {text}, but this input cannot take that.",
    "no-input": "The address names {name}, but this graph has no such input.",
    "fixed": "The inputs of this graph cannot be changed here: {why}.",
    "fixed-unseen": "The inputs of this graph cannot be changed here: only what PyTorch "
    "recorded is known, without values.",
    "fixed-not-seen": "The inputs of this graph cannot be changed here: part of it ran where no "
    "recording sees it.",
    "fixed-large": "The inputs of this graph cannot be changed here: some of its tensors "
    "are too large to calculate with in a page.",
    "fixed-many": "The inputs of this graph cannot be changed here: it has too many numbers to "
    "calculate with in a page.",
    "fixed-hook": "The inputs of this graph cannot be changed here: a hook runs in its backward "
    "pass.",
    "fixed-start": "The inputs of this graph cannot be changed here: the backward pass did not "
    "start from what is drawn.",
    "fixed-type": "The inputs of this graph cannot be changed here: its numbers are neither "
    "float32 nor float64.",
    "fixed-written": "The inputs of this graph cannot be changed here: a tensor was written "
    "in place.",
    "fixed-summed": "The inputs of this graph cannot be changed here: .grad holds more than "
    "this backward pass brought.",
    "fixed-part": "The inputs of this graph cannot be changed here: only a part of it is drawn.",
    "not-seen": "what the recording did not see ({nodes})",
    # What a reader should know beside the picture
    "note-unseen": "The recording could not see what made {names}: it ran in compiled or scripted "
    "code, in another thread, or before the recording began. A dashed box stands for it.",
    "note-failed": "The recording could not read part of this program ({names}), so something may "
    "be missing here. Please report this.",
    "note-compiled": "The backward pass was compiled, so its gradients are not known here.",
    "note-run": "The gradients are those of the backward pass from {names}.",
    "note-no-gradient": "No gradient has arrived at these parameters of the modules that "
    "ran: {names}.",
    "note-raised": "Line {0} raised {1}. The picture shows what ran before that.",
    "why-operation": "this page cannot calculate {name} as it is called here",
    "why-differs": "{name} would not match PyTorch's value, perhaps because of a hook or a "
    "random number",
    # The key of the drawing language, at each picture
    "key": "Key: what shapes and signs mean",
    "key-close": "Close",
    "key-leaf": "rounded box: a leaf tensor that requires a gradient",
    "key-constant": "grey box with a broken border: needs no gradient",
    "key-call": "circle: an operation, beside the tensor that it made",
    "key-result": "heavy border: the tensor that the picture was drawn for",
    "key-local": "above a wire: the local derivative, where it is a single number",
    "key-sent": "below a wire: the gradient that was sent back along it",
    "key-arrived": "in a box: the gradient that arrived, the sum of what was sent",
    "key-grad": "in a leaf: what has added up in its .grad, where that is something else; in a "
    "folded block: all its parameters together",
    "key-norm": "the norm of a gradient that has too many numbers",
    "key-primed": "x after it was written in place",
    "key-alias": "dotted wire: the tensor shares memory with one written in place, and changed "
    "with it",
    "key-saved": "a tensor that the node has saved",
    "key-freed": "struck out: it was freed, or changed since",
    "key-stop": "short end: an input that needs no gradient; next_functions holds None there",
    "key-frame": "frame: the operations of one module; click it to fold them",
    "key-block": "folded block, with so many operations (ƒ) or nodes (grad_fn); click it to open "
    "it",
    "key-unseen": "what ran where the recording could not look",
    "field": "Change {name}",
    # Exercises, also in the page's script, which fills in {}
    "exercise-predict": "Exercise {n}: predict",
    "exercise-fill": "Exercise {n}: fill in the picture",
    "exercise-derive": "Exercise {n}: derive",
    "exercise-find": "Exercise {n}: find",
    "exercise-write": "Exercise {n}: write it",
    "exercise-first": "Predict first",
    "exercise-field": "Your answer",
    "exercise-check": "Check",
    "exercise-solution": "Solution",
    "exercise-answer": "Answer: {answer}",
    "exercise-others": "Other answers",
    "exercise-right": "Right: {answer}.",
    "exercise-empty": "Type an answer first.",
    "exercise-show": "Output: first predict, or show it",
    "predict-number": "The answer is one number.",
    "predict-word": "The answer is one word: a name, or True, False or None.",
    "predict-count": "The answer has {} parts; put commas between them.",
    "predict-sign": "The size is right, the sign is not.",
    "predict-order": "These are the right ones, in another order.",
    "predict-wrong": "Not {}. Go through the program line by line, and write down the value of "
    "each name.",
    "derive-field": "A formula of {names}",
    "derive-empty": "Type a formula first.",
    "derive-syntax": "{} cannot be read as a formula. Write it as in Python, for example 2 * x.",
    "derive-name": "You may not use {} here.",
    "derive-wrong": "Not {}: with other numbers, it gives something else. Write down one local "
    "derivative for each operation, and multiply along the path.",
    "exercise-picture": "Picture of the graph behind {roots}",
    "fill-value": "value of {name}",
    "fill-gradient": "gradient that arrived at {name}",
    "fill-empty": "Type a number into one of the empty boxes.",
    "fill-some": "Right so far: {right} of {all}.",
    "fill-still": "{name} is right; {wrong} is not yet.",
    "fill-number": "{name}: type one number.",
    "fill-sign": "{name}: the size is right, the sign is not.",
    "fill-follows": "{name} would be right if {earlier} were {typed}. Look at {earlier} first.",
    "fill-earlier": "{earlier} comes first, and is not right. Look there, then at {name}.",
    "fill-part": "{name}: that is one of several gradients that arrive there. They are added.",
    "fill-passed": "{name}: {typed} is what arrived at the result of the operation. Multiply it by "
    "the local derivative.",
    "fill-local": "{name}: {typed} is a local derivative. Multiply it by the gradient that arrived "
    "at the result of that operation.",
    "fill-start": "{name}: the backward pass starts here. What is the derivative of something with "
    "respect to itself?",
    "fill-wrong-value": "{name} is not {typed}. The program says {name} = {source}.",
    "fill-wrong-leaf": "{name} is not {typed}. The program says what it is.",
    "fill-wrong-gradient": "{name} is not {typed}. For each operation that uses it, multiply the "
    "gradient that arrived at the result by the local derivative; if there are several, add.",
    "find-line": "line {n}: {code}",
    "find-tensor": "tensor {name}",
    "find-operation": "operation {symbol}, which gives {name}",
    "find-instead": "Write instead:",
    "find-without": "Leave this line out.",
    "find-empty": "Choose one first.",
    "find-wrong": "Not {typed}. Say for each step what it takes, what it gives, and what PyTorch "
    "records of it.",
    "write-script": "Download {file}",
    "write-notebook": "As a notebook: {file}",
    "write-mistakes": "If it fails with …",
}

# What is counted: of one, and of several.
PLURALS = {
    "calls": ("one operation", "{n} operations"),
    "nodes": ("one node", "{n} nodes"),
    "edges": ("one edge", "{n} edges"),
    "leaf-tensors": ("one leaf tensor", "{n} leaf tensors"),
}


class Words:
    """The words of one language, by key; English where its catalogue has none."""

    def __init__(self, translations: NullTranslations) -> None:
        self.translations = translations

    def __getitem__(self, key: str) -> str:
        return self.translations.pgettext(key, ENGLISH[key])

    def count(self, n: int, key: str) -> str:
        """So many of something, in the plural that the language has for it."""
        return self.translations.npgettext(key, *PLURALS[key], n).format(n=n)


def languages() -> list[str]:
    """English, and each language that has a catalogue."""
    return ["en", *sorted(path.parents[1].name for path in LOCALE.glob(f"*/{CATALOGUE}"))]


def language_named(name: str) -> str | None:
    """The language that a name means, of those that there are: "zh" and "zh-CN" mean "zh_CN"."""
    known, wanted = languages(), name.replace("-", "_")
    if wanted in known:
        return wanted
    near = [language for language in known if language.partition("_")[0] == wanted]
    near += [language for language in known if language == wanted.partition("_")[0]]
    return near[0] if near else None


def language_or_english(name: str) -> str:
    """The language that is nearest to what a site is written in, or else English."""
    return language_named(name) or language_named(name.partition("_")[0]) or "en"


@cache
def words(language: str) -> Words:
    """The words of a language. Raises ValueError for one that there is not."""
    name = language_named(language)
    if name is None:
        known = ", ".join(languages())
        raise ValueError(f"no words for language {language!r}; there are {known}")
    if name == "en":
        return Words(NullTranslations())
    import polib  # whoever reads English needs no catalogue

    catalogue = polib.pofile(str(LOCALE / name / CATALOGUE))
    return Words(GNUTranslations(io.BytesIO(catalogue.to_binary())))
