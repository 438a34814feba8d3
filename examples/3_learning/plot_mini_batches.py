r"""
What does a whole training loop look like?
==========================================

So far, each step used all examples. With a million of them, that is a long way to a single step. A
:term:`mini-batch` of a few examples gives a gradient that is only roughly right, but you get many steps
for the same work. Here you see what such a gradient is worth, and then a whole loop: data, batches,
steps, and an evaluation on examples that the model has not seen.

.. predict:: The model is :math:`z = wx` with :math:`w = 1`, and the loss of an example is
      :math:`(z - y)^2`. Only the first two of four examples are used. What does ``w.grad`` hold?
   :answer: w.grad
   :program: next

   The errors :math:`z - y` are 1 and −2. Each example sends :math:`2(z - y)x`, which is 2 and −8,
   and their mean is −3.

   - ``-6``: That is the sum of the two. The cost is their mean.
   - ``-1``: That is the mean of :math:`2(z - y)`. Which factor does the product ``x * w`` bring in?
   - ``0.5``: That would come from all four examples. Which ones are in the batch?
"""

# %%
import torch

X = torch.tensor([[1.0], [2.0], [3.0], [4.0]])
Y = torch.tensor([[0.0], [4.0], [3.0], [3.0]])
w = torch.tensor([[1.0]], requires_grad=True)

x, y = X[[0, 1]], Y[[0, 1]]
z = x @ w
J = ((z - y) ** 2).mean()

J.backward()
print(f"{J.item() = }, {w.grad.item() = }")
# sphinx_gallery_graph = "J; view: written"

# %%
# Batches disagree
# ----------------
# Now the gradient of the other two examples, and that of all four:

for rows in [[0, 1], [2, 3], [0, 1, 2, 3]]:
    J = ((X[rows] @ w - Y[rows]) ** 2).mean()
    (dw,) = torch.autograd.grad(J, w)
    print(f"{rows}: {dw.item() = }")

# %%
# The two batches do not even agree on the sign: one wants a larger :math:`w`, the other a smaller one.
# But their mean, :math:`(-3 + 4)/2`, is exactly the gradient of all four. This holds for any
# model that treats each example by itself, as long as the cost is a mean and the batches have one size. So if the
# batch is drawn at random, its gradient is right *on average*. It scatters around the right one, and the
# more examples are in it, the less it does.
#
# Is it worth it? A batch of 20 out of 200 costs a tenth of the work. You can take ten steps in
# roughly the right direction, or one in exactly the right one.
#
# The data
# --------
# 300 points in the plane. The label is 1 outside a circle, and 0 inside. The model learns from 200 of
# them, and the other 100 are held out: they never send a gradient, so they show what the model makes of
# points that are new to it.

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)

X = torch.randn(300, 2)
Y = (X.norm(dim=1) > 1.2).long()
X_train, Y_train = X[:200], Y[:200]
X_test, Y_test = X[200:], Y[200:]

# %%
# The loop
# --------
# One pass over all training examples is an :term:`epoch`. At the beginning of each, the examples are
# shuffled: ``randperm`` gives their numbers in a random order, and ``split`` cuts that into
# batches. Then each batch takes one step, and the graph of the batch is discarded.

import torch.nn.functional as F


def evaluate(model, X, Y):
    model.eval()
    with torch.no_grad():
        Z = model(X)
    right = (Z.argmax(dim=1) == Y).double().mean()
    return F.cross_entropy(Z, Y).item(), right.item()


def train(model, X, Y, size, epochs=30):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    history = []
    for epoch in range(epochs):
        model.train()
        for rows in torch.randperm(len(X)).split(size):
            J = F.cross_entropy(model(X[rows]), Y[rows])
            optimizer.zero_grad()
            J.backward()
            optimizer.step()
        history.append((evaluate(model, X, Y)[0], evaluate(model, X_test, Y_test)[0]))
    return history


def new_model():
    torch.manual_seed(1)
    return torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2))


model = new_model()
print("{:.4f} {:.2f}".format(*evaluate(model, X_test, Y_test)))
history = train(model, X_train, Y_train, size=20)
print("{:.4f} {:.2f}".format(*evaluate(model, X_test, Y_test)))

# %%
# Each line has the loss of the held-out points, and the share of them that the model gets right, before
# and after training. The first loss is near :math:`\log 2 \approx 0.69`, as
# :doc:`/lessons/3_learning/plot_softmax_cross_entropy` told you to expect.
#
# Every line of ``train`` is there for a reason:
#
# - ``zero_grad`` comes once per batch, since gradients add up
#   (:doc:`/lessons/2_dynamic_graph/plot_accumulate`).
# - ``train()`` and ``eval()`` switch layers such as dropout. This model has none, but the next one may
#   (:doc:`/lessons/3_learning/plot_modules`).
# - ``no_grad`` keeps the evaluation from recording a graph. ``eval()`` does not do that.
# - The loss is computed from logits, and ``argmax`` decides which class they mean. ``argmax`` has no
#   gradient, so it is used for counting only.
#
# ``torch.utils.data.DataLoader`` does the shuffling and cutting for you, and its worker processes can load the
# next batch meanwhile. It changes nothing about the graph.
#
# Ten steps or one
# ----------------
# Below, the same model is trained with all 200 examples in each step. An epoch is the same amount of
# work in both cases: 200 examples forward and backward. In the plot, solid lines are the cost of the
# training points, and dashed lines that of the held-out ones. Printed are the two costs of the
# training points at the end.

import matplotlib.pyplot as plt

whole = train(new_model(), X_train, Y_train, size=200)

fig, ax = plt.subplots()
for size, losses, colour in [(20, history, "C0"), (200, whole, "C1")]:
    on_train, on_test = zip(*losses)
    ax.plot(on_train, "-", color=colour, label=f"{size}")
    ax.plot(on_test, "--", color=colour)
ax.set(xlabel="epoch", ylabel="$J$", ylim=(0, 0.75))
ax.legend(title="size")
print(f"{history[-1][0]:.4f} {whole[-1][0]:.4f}")
# sphinx_gallery_plot = "The cost over 30 epochs. With batches of 20, both curves fall fast and unevenly, to about 0.1. With all 200 examples in one step they fall smoothly and slowly, to about 0.35. The dashed curves stay near the solid ones."

# %%
# At this learning rate, the many rough steps win by far. Their curve has bumps, since each step follows other
# examples. The smooth curve gets to the same cost after about 200 epochs. (All examples together allow a larger
# rate: with 2 in place of 0.5, it takes about 64.) Where a batch can be
# computed in parallel, it takes less than ten times as long as a tenth of it, so batches of a single example
# are rare.
#
# What people get wrong
# ---------------------
# *The loss of the last batch is the loss of the model.* It is the loss of 20 examples, before a step that
# changed the parameters. The first three lines below are single batches, all with the same parameters. The
# last line is the loss of all 200:

model = new_model()
train(model, X_train, Y_train, size=20, epochs=5)
with torch.no_grad():
    for rows in torch.arange(200).split(20)[:3]:
        print(f"{F.cross_entropy(model(X_train[rows]), Y_train[rows]).item():.4f}")
print(f"{evaluate(model, X_train, Y_train)[0]:.4f}")

# %%
# *The order of the examples does not matter.* In files, examples are often sorted by class. Then each
# batch holds only one class, and each step makes the model forget the other. Without shuffling, five
# epochs over the same 200 points, sorted, are compared with the five shuffled ones above, on the
# held-out points:

print("{:.4f} {:.2f}".format(*evaluate(model, X_test, Y_test)))

order = Y_train.argsort(stable=True)
model = new_model()
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
for epoch in range(5):
    for rows in order.split(20):
        J = F.cross_entropy(model(X_train[rows]), Y_train[rows])
        optimizer.zero_grad()
        J.backward()
        optimizer.step()
print("{:.4f} {:.2f}".format(*evaluate(model, X_test, Y_test)))

# %%
# .. fold:: Further misconceptions
#
#    *The average of the batch losses is the loss of all.* Only if the batches have one size. If the last
#    one is smaller, each of its examples counts for more. Weight each loss by the number of
#    examples in its batch.
#
#    *The held-out set may be used to choose the model.* As soon as you pick a learning rate by it, it is
#    no longer new to you, and the number looks better than it is. Choose with one set, which is called
#    the validation set, and keep another one, the test set, for the end.
#
#    *A batch twice as large needs the same learning rate.* It takes half as many steps per
#    epoch. Often a larger rate works with it, but nothing guarantees it: try.
#
# Check
# -----
# The mean of the ten batch gradients must be the gradient of all 200 examples, for every parameter.

parameters = list(model.parameters())
together = torch.autograd.grad(F.cross_entropy(model(X_train), Y_train), parameters)
one_by_one = [
    torch.autograd.grad(F.cross_entropy(model(X_train[rows]), Y_train[rows]), parameters)
    for rows in torch.randperm(200).split(20)
]
for whole_gradient, gradients in zip(together, zip(*one_by_one)):
    assert torch.allclose(whole_gradient, torch.stack(gradients).mean(dim=0))
print(f"{len(one_by_one) = }, {len(together) = }")

# %%
# In short
# --------
# For each epoch: shuffle, and cut into batches. For each batch: forward, ``zero_grad``, ``backward``,
# ``step``. Then evaluate on held-out examples, with ``eval()`` and ``no_grad``. The gradient of a batch
# is right on average, and many rough steps usually beat one that is exact.
#
# Exercises
# ---------
# .. predict:: Four examples, in batches of three and one. What is the average of the batch losses?
#    :answer: average
#
#    .. code-block:: python
#
#       import torch
#
#       losses = torch.tensor([1.0, 1.0, 1.0, 5.0])
#       batches = losses.split(3)
#       average = sum(batch.mean() for batch in batches) / len(batches)
#
#    The batches have the losses 1 and 5, so their average is 3. The mean over the examples is 2: the
#    last one weighs a half and not a quarter.
#
#    - ``2``: That is the mean over the four examples. How much does the second batch weigh here?
#    - ``8``: That is the sum of all losses. What is the loss of each batch?
#    - ``6``: Those are the two batch losses, added up. And their average?
#
# .. find:: The data is shuffled, and after that the model learns nothing. In which line is the mistake?
#    :answer: line 7
#    :holds: torch.equal(Y, 2 * X)
#    :instead: Y = Y[order]
#
#    .. code-block:: python
#
#       import torch
#
#       torch.manual_seed(0)
#       X, Y = torch.arange(6.0), 2 * torch.arange(6.0)
#       order = torch.randperm(6)
#       X = X[order]
#       Y = Y[torch.randperm(6)]
#       batches = list(zip(X.split(2), Y.split(2)))
#
#    Each call of ``randperm`` gives another order, so every example gets the label of another one. No
#    shape is wrong, and no error is raised.
#
#    - ``line 6``: Here the examples get a new order. What has to happen to their labels?
#    - ``line 8``: If ``X`` and ``Y`` fit each other, so do their pieces. Do they still fit?
#    - ``line 4``: Here each label is twice its example. In which line does that end?
#
# .. derive:: With *weight decay*, a second branch of the graph leads from :math:`w` to the loss. What
#       does ``w`` get?
#    :answer: 2 * (w * x - y) * x + 2 * c * w
#    :names: w, x, y, c
#    :gives: w.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([2.0])
#       y = torch.tensor([1.0])
#       c = torch.tensor([0.25])
#       w = torch.tensor([3.0], requires_grad=True)
#       loss = (w * x - y) ** 2
#       penalty = c * w**2
#       J = loss + penalty
#       J.backward()
#
#    A sum hands on what arrives, so each branch sends its own derivative, and at ``w`` they add up:
#    :math:`2(wx - y)x` from the data, and :math:`2cw` from the penalty. The second one pulls
#    :math:`w` towards 0, whatever the data says.
#
#    - ``2 * (w * x - y) * x``: That comes through the data. Which other path leads from ``w`` to ``J``?
#    - ``2 * (w * x - y) + 2 * c * w``: One operation lies between ``w`` and the square. By what does it
#      multiply?
#    - ``2 * (w * x - y) * x + c * w``: Look at the penalty: what is the derivative of a square?
#
# .. write:: Write the training: 20 epochs, in shuffled batches of 10, each with one step of the
#       optimizer.
#    :file: train_in_batches
#    :fails: AssertionError: 0 steps
#
#    .. code-block:: python
#
#       import torch
#       import torch.nn.functional as F
#
#       torch.manual_seed(0)
#       X = torch.randn(100, 2)
#       Y = (X[:, 0] > X[:, 1]).long()
#       model = torch.nn.Linear(2, 2)
#
#       class CountingSGD(torch.optim.SGD):
#           steps = 0
#
#           def step(self):
#               self.steps += 1
#               super().step()
#
#       optimizer = CountingSGD(model.parameters(), lr=0.5)
#
#       # <your code>
#       for epoch in range(20):
#           for rows in torch.randperm(100).split(10):
#               loss = F.cross_entropy(model(X[rows]), Y[rows])
#               optimizer.zero_grad()
#               loss.backward()
#               optimizer.step()
#       # </your code>
#
#       with torch.no_grad():
#           Z = model(X)
#       assert optimizer.steps == 200, f"{optimizer.steps} steps"
#       assert F.cross_entropy(Z, Y) < 0.2
#       assert (Z.argmax(dim=1) == Y).float().mean() > 0.95
#
#    The outer loop counts epochs, and draws a new order for each. The inner one takes a step per batch: ten
#    batches of ten, twenty times, are 200 steps.
#
#    - ``AssertionError: 20 steps``: That is one step per epoch. How many batches are in an epoch?
#    - ``AssertionError: 2000 steps``: Is a batch ten examples, or one?
#    - ``AssertionError``: The steps are counted right, but the loss does not fall far enough. Is the
#      gradient of the batch there when ``step`` is called? Look at the order of the calls.
#    - ``IndexError``: ``X`` and ``Y`` are both indexed by the row. Are there 100 of them?

# %%
# Further reading
# ---------------
# - Dive into Deep Learning on
#   `minibatch stochastic gradient descent <https://d2l.ai/chapter_optimization/minibatch-sgd.html>`__,
#   with times measured for several sizes.
# - PyTorch's tutorial
#   `Optimizing model parameters <https://docs.pytorch.org/tutorials/beginner/basics/optimization_tutorial.html>`__
#   has the same loop with a ``DataLoader`` and real images.
# - Andrew Ng, Deep Learning Specialization, course 2, week 2: *Mini-batch gradient descent*.
#
# **Next:** what to do when the loss or a gradient is not a number, in
# :doc:`/lessons/3_learning/plot_stable_loss`.
