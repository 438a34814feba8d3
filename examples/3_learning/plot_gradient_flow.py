r"""
Where does the signal die?
==========================

On its way back, the gradient is multiplied at each layer: by the slopes of the activation function,
and by the weights. If each layer halves it, twenty layers leave a millionth; if each doubles it,
it becomes a million times as large. The first layers then hardly learn, or are thrown about, and no
error tells you. Here you measure what arrives at each layer, and derive what to expect.

You need :doc:`/lessons/3_learning/plot_shallow_network`, which derives the way back through one hidden
layer.

The example is a chain of three sigmoids. A sigmoid :math:`a = \sigma(z)` has the slope
:math:`a\,(1 - a)`. It is steepest at :math:`z = 0`, where :math:`a = \tfrac12` and the slope is
:math:`\tfrac14`. The numbers are chosen so that each layer is at this place:

.. math:: h_l = \sigma(h_{l-1} + b_l) \qquad h_0 = \tfrac12 \qquad b_l = -\tfrac12

**Predict first.** By which factor is the gradient of :math:`h_0` smaller than that of :math:`h_3`?
With how many such layers is less than a billionth left?
"""

# %%
# A chain of three
# ----------------

import torch

torch.set_default_dtype(torch.float64)

h0 = torch.tensor([0.5], requires_grad=True)
b1, b2, b3 = (torch.tensor([-0.5], requires_grad=True) for _ in range(3))

z1 = h0 + b1
h1 = torch.sigmoid(z1)
z2 = h1 + b2
h2 = torch.sigmoid(z2)
z3 = h2 + b3
h3 = torch.sigmoid(z3)

h3.backward()
print(f"{b3.grad.item() = }, {b2.grad.item() = }, {b1.grad.item() = }")
print(f"{h0.grad.item() = }, {1 / 4**3 = }, {1 / 4**15 = :.0e}")
# sphinx_gallery_graph = "h3"

# %%
# In the picture on the web page, 0.25 stands above the wire into each sigmoid. From right to left, 1
# becomes 0.25, 0.0625 and 0.015625 (in the picture, 0.0156), which is 1/64. The bias of the first layer
# gets a 16th of what that of the last one gets, so in one step it moves a 16th as far. With 15
# layers, less than a billionth is left.
#
# Now change an input below the picture. The gradient of ``h0`` can only become smaller, because the
# slope of a sigmoid is nowhere larger than at 0.
#
# A bound
# -------
# A real layer has a matrix of weights: :math:`z_l = W_l\,h_{l-1}` and :math:`h_l = \sigma(z_l)`. (A
# bias changes nothing in what follows.) Let :math:`g_l` be the gradient with respect to :math:`h_l`. On
# the way back, each entry is multiplied by its slope, and then the whole by :math:`W_l^\top`:
#
# .. math:: g_{l-1} = W_l^\top \bigl(\sigma'(z_l) \odot g_l\bigr)
#
# Write :math:`\lVert v \rVert` for the length of a vector, its *norm*. No slope of a sigmoid is larger
# than :math:`\tfrac14`, so the vector in brackets is at most a quarter as long as :math:`g_l`. A
# matrix makes a vector longer by at most a factor :math:`\lVert W \rVert`, which is called its *spectral
# norm*, and that of its transpose is the same. So
#
# .. math:: \lVert g_{l-1} \rVert \le \tfrac14\, \lVert W_l \rVert\, \lVert g_l \rVert
#
# As long as all :math:`\lVert W_l \rVert` are below 4, the gradient shrinks at every layer, for any
# data and any loss.
#
# Measure it
# ----------
# A :term:`hook` on each :math:`h_l` writes down how long :math:`g_l` is:
# :py:meth:`~torch.Tensor.register_hook` takes a function, which is called with the gradient when it
# arrives. The last layer comes first, so each length is put in front of those before. The walk back
# starts with a random :math:`g_L` of length 1, in place of a loss. (In a model of your own, begin with
# the weights: after ``backward()``, print ``grad.norm()`` of each parameter. To see what arrives at
# its modules, use :py:meth:`~torch.nn.Module.register_full_backward_hook`.)
#
# There are 100 units in each layer. ``inits`` holds ways to draw the weights. ``default`` is what
# :py:class:`torch.nn.Linear` does by itself; ``xavier`` and ``he`` are in ``torch.nn.init``, where He
# is called Kaiming, by the first name. With ``residual``, a layer *adds* its result to what it was
# given.

n = 100
inits = {
    "default": lambda: torch.nn.Linear(n, n).weight.detach(),
    "xavier": lambda: torch.nn.init.xavier_normal_(torch.empty(n, n)),
    "4 xavier": lambda: 4 * inits["xavier"](),
    "he": lambda: torch.nn.init.kaiming_normal_(torch.empty(n, n)),
    "2 he": lambda: 2 * inits["he"](),
}


def flow(activation, init, residual=False, depth=20, length=1.0):
    torch.manual_seed(0)
    start = length * torch.nn.functional.normalize(torch.randn(n), dim=0)
    h = torch.randn(n, requires_grad=True)
    weights = [inits[init]() for _ in range(depth)]
    lengths = [length]
    for W in weights:
        h.register_hook(lambda g: lengths.insert(0, g.norm().item()))
        f = activation(W @ h)
        h = h + f if residual else f
    h.backward(gradient=start)
    return lengths, weights


rows = {f"sigmoid, {init}": (torch.sigmoid, init) for init in ["xavier", "4 xavier"]}
rows["tanh, xavier"] = torch.tanh, "xavier"
rows |= {f"relu, {init}": (torch.relu, init) for init in ["default", "xavier", "he", "2 he"]}
rows["sigmoid, residual"] = torch.sigmoid, "xavier", True

factors = {}
print(f"{'depth':17}{5:8}{10:8}{20:8}{40:8}  per layer")
for name, row in rows.items():
    first = [flow(*row, depth=depth)[0][0] for depth in [5, 10, 20, 40]]
    factors[name] = first[-1] ** (1 / 40)
    print(f"{name:17}", *[f"{length:.1e}" for length in first], f"{factors[name]:10.2f}")

# %%
# A row is a kind of network, a column is a depth. Each number is :math:`\lVert g_0 \rVert`, where the
# walk began with 1. The last column is the factor per layer: the 40th root of the number before it.
#
# - **Sigmoid** keeps 0.23 per layer. Weights four times as large do not keep four times as much, but
#   0.60: they push :math:`z` away from 0, to where the slope is smaller.
# - **tanh** has the slope 1 at 0, and loses little.
# - **ReLU** has the slopes 0 and 1, so the weights decide. With ``he``, the length stays about
#   the same. With the default it dies, and with twice ``he`` it explodes.
# - With a **residual connection**, even sigmoids keep it.
#
# Why Xavier and He?
# ------------------
# Let the :math:`n \times n` weights be independent, with mean 0 and variance :math:`s^2/n`. Each entry
# of :math:`W^\top v` is a sum of :math:`n` products, and has the variance
# :math:`(s^2/n)\,\lVert v \rVert^2`. There are :math:`n` entries, so the square of the length is about
# :math:`s^2\,\lVert v \rVert^2`: the weights multiply the length by about :math:`s`. Xavier takes
# :math:`s = 1`, which suits slopes close to 1. With ReLU, about half of the slopes are 0, so about
# half of the square is lost, and the factor is :math:`s/\sqrt 2`. He takes :math:`s = \sqrt 2`.
# By default, ``Linear`` draws uniformly between :math:`\pm 1/\sqrt n`, so that
# :math:`s^2 = \tfrac13`:

for init, s_squared in {"default": 1 / 3, "xavier": 1, "he": 2, "2 he": 8}.items():
    predicted, measured = (s_squared / 2) ** 0.5, factors[f"relu, {init}"]
    print(f"{init:8} {predicted = :.2f}, {measured = :.2f}")

# %%
# (Xavier's :math:`s^2/n` is really 2 divided by the sum of inputs and outputs. Here both are
# :math:`n`.)
#
# Why a residual connection?
# --------------------------
# With :math:`h_l = h_{l-1} + \sigma(z_l)`, the value :math:`h_{l-1}` is used twice, and two paths lead
# back to it. One of them goes through no weights and no slopes:
#
# .. math:: g_{l-1} = g_l + W_l^\top \bigl(\sigma'(z_l) \odot g_l\bigr)
#
# By the bound above, the second part is at most :math:`\tfrac14 \lVert W_l \rVert` times as long as the
# first. So :math:`\lVert g_{l-1} \rVert` lies between :math:`1 - \tfrac14 \lVert W_l \rVert` and
# :math:`1 + \tfrac14 \lVert W_l \rVert` times :math:`\lVert g_l \rVert`.
#
# Along the layers
# ----------------
# Four of the rows, layer by layer. The axis is logarithmic, so that a constant factor is a
# straight line.

import matplotlib.pyplot as plt

fig, ax = plt.subplots()
for name in ["sigmoid, xavier", "relu, xavier", "relu, 2 he", "sigmoid, residual"]:
    ax.semilogy(flow(*rows[name])[0], label=name)
ax.set(xlabel="$l$", ylabel=r"$\Vert g_l \Vert$", xticks=range(0, 21, 5))
ax.legend()
# sphinx_gallery_plot = "Length of the gradient at layers 0 to 20, on a logarithmic axis. All four lines end at 1 at layer 20. Towards layer 0, sigmoid falls in a straight line to less than 1e-12, relu with Xavier falls to 1e-3, relu with twice He rises to 1e6, and sigmoid with residual connections stays near 1."

# %%
# The walk back runs from right to left.
#
# What people get wrong
# ---------------------
# *With ReLU, gradients do not vanish.* The table shows two networks in which they do. And a unit
# can die: if its :math:`z` is negative for every example, its slope is 0 for every example. Below, one
# step is too long, ``w`` becomes negative, and no gradient is left that could bring it back.

x = torch.tensor([1.0, 3.0])
w = torch.tensor([1.0], requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.5)
for _ in range(3):
    optimizer.zero_grad()
    loss = ((torch.relu(w * x) - 1) ** 2).mean()
    loss.backward()
    optimizer.step()
    print(f"{loss.item() = }, {w.grad.item() = }, {w.item() = }")

# %%
# *The gradients are small, so they vanish.* Near a minimum, all gradients are small, as they should be.
# What matters is how the first layer compares with the last. A network with ``he`` whose loss sends
# only a millionth, and one with sigmoids whose loss sends 1:

for name, length in {"relu, he": 1e-6, "sigmoid, xavier": 1.0}.items():
    g, _ = flow(*rows[name], length=length)
    print(f"{name}: {g[-1] = :.0e}, {g[0] = :.0e}, {g[0] / g[-1] = :.0e}")

# %%
# The first network is in order: its first layer gets as much as its last one. In the second, the first
# layer gets next to nothing.
#
# *A gradient that has vanished is 0 or* ``None``. It is a small number. A dead unit gives 0. And
# ``None`` means that no gradient has come, because the graph was cut:

vanished = flow(*rows["sigmoid, xavier"], depth=40)[0][0]
dead = w.grad.item()
cut = torch.tensor([1.0], requires_grad=True)
(w * cut.detach()).backward()
print(f"{vanished = :.0e}, {dead = }, {cut.grad = }")

# %%
# How to find a cut is the subject of :doc:`/lessons/2_dynamic_graph/plot_silent_cuts`.
#
# Check
# -----
# Both bounds have to hold at each layer. And for ReLU there is an exact prediction. Its slopes depend
# only on the sign of :math:`z`, so they stay as they are if all weights are doubled. Then
# :math:`\lVert g_l \rVert` is multiplied by exactly :math:`2^{20 - l}`.


def ratios(name):
    g, weights = flow(*rows[name])
    quarters = [torch.linalg.matrix_norm(W, 2).item() / 4 for W in weights]
    return [a / b for a, b in zip(g, g[1:])], quarters


plain, bound = ratios("sigmoid, xavier")
around, bound_around = ratios("sigmoid, residual")
once, twice = flow(*rows["relu, he"])[0], flow(*rows["relu, 2 he"])[0]
print(f"{max(plain) = :.2f}, {min(bound) = :.2f}, {max(bound) = :.2f}")
print(f"{min(around) = :.2f}, {max(around) = :.2f}")
print(f"{[b / a for a, b in zip(once, twice)][-4:] = }")

assert all(ratio <= b < 1 for ratio, b in zip(plain, bound))
assert all(1 - b <= ratio <= 1 + b for ratio, b in zip(around, bound_around))
assert all(b == a * 2 ** (20 - l) for l, (a, b) in enumerate(zip(once, twice)))

# %%
# The bounds are far from what is measured, since they allow for the worst direction and the steepest
# slope at each layer. They hold for any direction and any data.
#
# Exercises
# ---------
# .. predict:: What does ``x.grad`` hold at the end?
#    :answer: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([0.0], requires_grad=True)
#       h = torch.sigmoid(2 * x)
#       y = torch.sigmoid(4 * h - 2)
#       y.backward()
#
#    Both sigmoids are at :math:`z = 0`, where the slope is a quarter. From right to left:
#    0.25 · 4 · 0.25 · 2 = 0.5.
#
#    - ``0.0625``: Those are the slopes of the two sigmoids. What else stands on the way?
#    - ``8``: Those are the two weights. What do the sigmoids multiply by?
#    - ``0``: ``x`` is 0, but what counts are slopes. What is that of a sigmoid at 0?
#
# .. predict:: What does ``w`` hold after ten steps?
#    :answer: w.item()
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([1.0, 2.0, 3.0])
#       w = torch.tensor([-1.0], requires_grad=True)
#       optimizer = torch.optim.SGD([w], lr=0.1)
#       for _ in range(10):
#           optimizer.zero_grad()
#           loss = ((torch.relu(w * x) - x) ** 2).sum()
#           loss.backward()
#           optimizer.step()
#
#    The unit is dead: all three :math:`z` are negative, so all three slopes are 0. Each gradient is 0,
#    and each step leaves ``w`` where it is.
#
#    - ``1``: That is where the loss would be 0. Which gradient could lead there?
#    - ``None``: ``w`` is a parameter, and holds a number. By how much does it move in each step?
#    - ``0``: That is each gradient. Where does it leave ``w``?
#
# .. predict:: Three layers with residual connections. What does ``x.grad`` hold at the end?
#    :answer: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([0.0], requires_grad=True)
#       h = x
#       for _ in range(3):
#           h = h + torch.tanh(h)
#       h.backward()
#
#    At 0, tanh has the slope 1. Along the other path the factor is 1, too, so each layer makes 2 of 1,
#    and three layers make 8. Residual connections keep a gradient from vanishing, but not from
#    exploding.
#
#    - ``1``: That would come back through three layers of tanh alone. What does the ``h +`` add?
#    - ``6``: In each layer there are two paths, but the layers follow each other. Do their factors add
#      up?
#    - ``4``: One path through each layer, and one around all of them? Each layer has its own way around.

# %%
# **Next:** this was the last lesson of the chapter. The page :doc:`/cheatsheet` sums up what the three
# chapters taught, and :doc:`/teach` is for those who teach with them.
