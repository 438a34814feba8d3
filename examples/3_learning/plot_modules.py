r"""
What is a module?
=================

A few tensors can be kept in variables and moved by hand. A network has hundreds. A **module** is an
object that keeps them together, knows how to compute with them, and can list them for an optimizer. What PyTorch
records is the same graph as before.

.. predict:: This module keeps three tensors. How many of them does ``model.parameters()`` list for an optimizer?
   :program: next
   :answer: len(list(model.parameters()))

   Two, ``w`` and ``b``. They were wrapped in ``nn.Parameter``. ``unit`` is an ordinary tensor: the module can compute with
   it, but does not list it.

   - ``3``: All three are tensors of the module. How do the lines that make them differ?
   - ``4``: There are four single numbers in the three tensors. What is asked for are tensors.
   - ``1``: Look again at ``__init__``. What are ``w`` and ``b`` wrapped in?
"""

import torch
from torch import nn


class Line(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.tensor([[3.0], [-1.0]]))
        self.b = nn.Parameter(torch.tensor([-2.0]))
        self.unit = torch.tensor(10.0)

    def forward(self, X):
        return (X @ self.w + self.b) * self.unit


model = Line()
J = model(torch.tensor([[2.0, 5.0]]))
J.backward()
print(f"{[name for name, _ in model.named_parameters()] = }")
# sphinx_gallery_graph = "J; view: written; fold: no"

# %%
# A leaf with a place
# -------------------
# If classes are new to you: ``__init__`` runs once, when ``Line()`` makes an object. ``self`` is this object, and
# ``self.w = ...`` stores something in it. ``super().__init__()`` lets PyTorch prepare it, and has to come first. When you
# call ``model(X)``, PyTorch runs ``forward``.
#
# The picture shows what the call recorded: two leaves, three operations, a result. The module is not a node. It is
# ordinary Python around the graph, and each call records a new one. The gradients are where they always are, in the
# leaves:

print(f"{model.w.is_leaf = }, {model.w.requires_grad = }, {model.w.grad.tolist() = }")
print(f"{model.b.is_leaf = }, {model.b.requires_grad = }, {model.b.grad.tolist() = }")
print(f"{model.unit.requires_grad = }, {model.unit.grad = }")

# %%
# :py:class:`torch.nn.Parameter` turns a tensor into a :term:`leaf tensor` that requires a gradient. That is all that it
# means for autograd. The rest is bookkeeping: when you store a parameter in a module, the module writes down its name.
# So a :term:`parameter` is a leaf that has a place in a module, and :py:meth:`~torch.nn.Module.parameters` reads the list.
#
# Modules in a module
# -------------------
# A module may hold other modules. PyTorch brings many, such as :py:class:`torch.nn.Linear`, a whole layer.
# :py:class:`torch.nn.Sequential` calls the modules that it holds one after the other. The names of the parameters show
# where they are:

network = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
for name, parameter in network.named_parameters():
    print(f"{name:9} {tuple(parameter.shape)}")

# %%
# ``Tanh`` has no parameters. ``nn.Linear(2, 3)`` takes rows of 2 features to rows of 3. It stores its weight as (outputs,
# inputs) and computes ``X @ weight.T + bias``, so what this chapter calls ``W``, with ``Z = X @ W + b``, is its
# ``weight.T``. The starting values are random.
#
# For training, an optimizer gets the whole list. One ``zero_grad`` and one ``step`` serve all parameters:

torch.manual_seed(1)
network = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
X = torch.tensor([[2.0, 4.0], [1.0, 1.0], [3.0, 7.0], [4.0, 10.0]])
Y = torch.tensor([[1.0], [0.0], [1.0], [1.0]])
optimizer = torch.optim.SGD(network.parameters(), lr=0.5)
for step in range(100):
    optimizer.zero_grad()
    J = nn.functional.binary_cross_entropy_with_logits(network(X), Y)
    J.backward()
    optimizer.step()
    if step in (0, 99):
        print(f"{step = :2}, {J.item() = :.3f}")
# sphinx_gallery_graph = "J; view: written; fold: layers"

# %%
# This is the graph of the last round, with each layer folded into a block. Open a block to see its parameters and its
# operations: they are what was recorded, and the frame around them is only a help for the reader.
#
# What is saved
# -------------
# A tensor that belongs to a model but is not learnt, such as the mean of the training data, is a *buffer*.
# :py:meth:`~torch.nn.Module.state_dict` holds parameters and buffers, and that is what you save to a file. ``unit``, a
# plain attribute, is not in it:

model.register_buffer("mean", torch.tensor([2.5, 5.5]))
print(f"{list(model.state_dict()) = }")
print(f"{[name for name, _ in model.named_parameters()] = }")

# %%
# So there are three kinds of tensors in a module: parameters are learnt and saved, buffers are saved (unless they
# were registered with ``persistent=False``), and plain attributes are neither. ``model.to(device)`` moves the first two, and forgets the third.
#
# Two modes
# ---------
# Some modules do one thing while you train and another when you use the model. :py:class:`torch.nn.Dropout` sets numbers
# to 0 at random while you train. With ``p=0.5`` it doubles the others, so that the sum stays about the same. ``train()`` and
# ``eval()`` set a flag, ``training``, in a module and in all modules inside it:

torch.manual_seed(3)
dropout = nn.Dropout(p=0.5)
print(f"{dropout.training = }, {dropout(torch.ones(6)).tolist() = }")
dropout.eval()
print(f"{dropout.training = }, {dropout(torch.ones(6)).tolist() = }")

# %%
# A new module is in the mode for training. Call ``model.eval()`` before you use or judge a model, and ``model.train()``
# before you go on with training. ``Linear``, ``Tanh`` and our ``Line`` do the same in both.
#
# Check
# -----
# The gradients of the module, compared with those of two tensors without any module.

w = torch.tensor([[3.0], [-1.0]], requires_grad=True)
b = torch.tensor([-2.0], requires_grad=True)
((torch.tensor([[2.0, 5.0]]) @ w + b) * 10).backward()

print(f"{w.grad.tolist() = }, {b.grad.tolist() = }")
assert torch.equal(model.w.grad, w.grad) and torch.equal(model.b.grad, b.grad)

layer = nn.Linear(2, 3)
assert torch.allclose(layer(X), X @ layer.weight.T + layer.bias)

# %%
# What people get wrong
# ---------------------
# ``eval()`` *turns recording off.* It sets the flag ``training``, and autograd does not look at it. A graph is recorded in
# both modes. To switch that off you need ``no_grad``, and to evaluate a model you usually need both:

network.eval()
print(f"{network(X).requires_grad = }")
with torch.no_grad():
    print(f"{network(X).requires_grad = }")

# %%
# *A list of layers will do.* A module looks at what you store in it: it recognises parameters and modules, but does not look
# into a Python list. The layers in the list compute and receive gradients, but no optimizer is told about them, so they
# stay as they are. :py:class:`torch.nn.ModuleList` is a list into which a module does look:


class Stack(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, X):
        for layer in self.layers:
            X = layer(X)
        return X


layers = [nn.Linear(2, 3), nn.Linear(3, 1)]
print(f"{len(list(Stack(layers).parameters())) = }")
print(f"{len(list(Stack(nn.ModuleList(layers)).parameters())) = }")

# %%
# .. fold:: Further misconceptions
#
#    ``model.forward(X)`` *is the same as* ``model(X)``. The numbers are, but only the call runs the hooks that were
#    registered on the module. Write ``model(X)``.
#
#    *Under* ``no_grad`` *a module stays as it is.* Autograd then records nothing, but a module may still change its buffers.
#    ``BatchNorm`` in the mode for training updates its running mean whenever it is called, with recording or without.
#
#    *A model can be used in one place only.* A module may be called several times in one forward pass. Its parameters are
#    then leaves with :term:`fan-out`, and the gradients of all calls are added up.
#
# In short
# --------
# A module is a Python object that keeps parameters, which are leaves, and says in ``forward`` how to compute with them.
# Calling it records an ordinary graph. ``parameters()`` lists the leaves for an optimizer, ``state_dict()`` what is to be
# saved, and ``train()`` and ``eval()`` choose between two ways to compute; neither has to do with recording.
#
# Exercises
# ---------
# .. predict:: How many single numbers does this network learn?
#    :answer: sum(parameter.numel() for parameter in network.parameters())
#
#    .. code-block:: python
#
#       from torch import nn
#
#       network = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
#
#    The first layer has 4 · 3 weights and 4 biases, the second one 4 weights and 1 bias: 16 + 5.
#
#    - ``16``: Those are the weights of both layers, or all numbers of the first. What else does the network have?
#    - ``4``: That is the number of tensors. How many numbers are in each?
#    - ``25``: Here tanh has a bias, too. What does it learn?
#
# .. predict:: The same layer is called twice. What does ``layer.weight.grad`` hold at the end?
#    :answer: layer.weight.grad
#
#    .. code-block:: python
#
#       import torch
#       from torch import nn
#
#       layer = nn.Linear(1, 1, bias=False)
#       nn.init.constant_(layer.weight, 3.0)
#       J = layer(layer(torch.tensor([2.0])))
#       J.backward()
#
#    ``J`` is :math:`w \cdot w \cdot 2`. Each call has its share: the outer one :math:`w \cdot 2 = 6`, and the inner one
#    :math:`2 \cdot w = 6`. The leaf is the same, so the two add up.
#
#    - ``6``: That is the share of one call. How often is the leaf used?
#    - ``18``: That is the value of ``J``. How fast does it change with the weight?
#    - ``2``: That would be the gradient of a single call. Written as a formula of ``w``, what is ``J``?
#    - ``9``: That is how fast ``J`` changes with the *input*. What changes with the weight?
#
# .. find:: Training leaves ``gain`` as it was, and no error is raised. Which line of the class has to be written
#    differently?
#    :answer: line 9
#    :holds: model.gain.item() != 1.0
#    :instead: self.gain = nn.Parameter(torch.tensor(1.0))
#
#    .. code-block:: python
#
#       import torch
#       from torch import nn
#
#
#       class Scaled(nn.Module):
#           def __init__(self):
#               super().__init__()
#               self.layer = nn.Linear(1, 1)
#               self.gain = torch.tensor(1.0, requires_grad=True)
#
#           def forward(self, X):
#               return self.gain * self.layer(X)
#
#
#       model = Scaled()
#       optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
#       J = (model(torch.tensor([[2.0]])) - 7).square().mean()
#       J.backward()
#       optimizer.step()
#
#    ``gain`` is a leaf that requires a gradient, and it receives one. But it is not registered, so ``parameters()`` does not
#    list it, and the optimizer does not know of it.
#
#    - ``line 8``: The module finds this layer and its parameters. Why does it find these?
#    - ``line 12``: ``gain`` is used here, and receives a gradient. Who should have moved it?
#    - ``line 16``: You could add ``gain`` here by hand, and so for each such tensor. Who should list them?
#    - ``line 7``: Without this line, the next one would raise an error. Does one occur?
#
# .. write:: Write a layer of your own, ``Affine``, that computes ``X @ self.W + self.b``. ``W`` has the shape (inputs,
#    outputs), ``b`` has (outputs,), and both are learnt. Begin with zeros.
#    :file: a_layer_of_your_own
#    :fails: AssertionError: W and b are not parameters
#
#    .. code-block:: python
#
#       import torch
#       from torch import nn
#
#
#       class Affine(nn.Module):
#           def __init__(self, inputs, outputs):
#               super().__init__()
#               # <your code>
#               self.W = nn.Parameter(torch.zeros(inputs, outputs))
#               self.b = nn.Parameter(torch.zeros(outputs))
#
#           def forward(self, X):
#               return X @ self.W + self.b
#               # </your code>
#
#
#       layer = Affine(3, 2)
#       names = sorted(name for name, _ in layer.named_parameters())
#       assert names == ["W", "b"], "W and b are not parameters"
#       assert layer.W.shape == (3, 2), f"W has the shape {tuple(layer.W.shape)}"
#       assert layer.b.shape == (2,), f"b has the shape {tuple(layer.b.shape)}"
#
#       X = torch.randn(5, 3)
#       theirs = nn.Linear(3, 2)
#       with torch.no_grad():
#           layer.W.copy_(theirs.weight.T)
#           layer.b.copy_(theirs.bias)
#       assert torch.allclose(layer(X), theirs(X), atol=1e-6), "forward computes something else"
#       layer(X).square().sum().backward()
#       theirs(X).square().sum().backward()
#       assert torch.allclose(layer.W.grad, theirs.weight.grad.T, atol=1e-5), "W.grad differs"
#
#    Two parameters, stored under their names, and one line of ``forward``. The backward pass needs no code: autograd records
#    what ``forward`` does.
#
#    - ``AssertionError: W and b are not parameters``: What do you have to wrap a tensor in, so that a module lists it?
#    - ``NotImplementedError``: PyTorch calls a method of a certain name. Is yours inside the class?
#    - ``RuntimeError: mat1 and mat2 shapes cannot be multiplied``: On which side of ``X`` does ``W`` stand, and is anything
#      transposed?
#
# Further reading
# ---------------
# `Modules <https://docs.pytorch.org/docs/stable/notes/modules.html>`__ in PyTorch's documentation goes on where this lesson
# ends: initialisation, hooks, saving. The chapter
# `Builders' Guide <https://d2l.ai/chapter_builders-guide/index.html>`__ of Dive into Deep Learning builds the same with more
# layers.
#
# **Next:** a network with a hidden layer, and each of its gradients by hand, in
# :doc:`/lessons/3_learning/plot_shallow_network`. More ways not to record are compared in
# :doc:`/lessons/2_dynamic_graph/plot_stop_recording`.
