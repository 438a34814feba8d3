r"""
What is a static graph?
=======================

PyTorch records a new graph in each run of your code. A :term:`static graph` is captured once, and then run again and again
without your code. So it can be optimized as a whole, or saved and run where there is no Python. But what becomes of an ``if``?

.. predict:: ``symbolic_trace`` captures ``square``, and what it gives is called twice. What is ``len(calls)`` at the end?
   :program: next
   :answer: len(calls)

   The body of ``square`` has run once, while it was captured. The two calls of ``static`` ran what was captured: the
   multiplication, and nothing of your Python.

   - ``0``: How does ``symbolic_trace`` find out which operations there are?
   - ``2``: ``static`` was called twice. Does it run the lines of ``square``, or what was captured of them?
   - ``3``: Is ``append`` an operation on a tensor?
"""

import torch
from torch.fx import symbolic_trace

calls = []


def square(x):
    calls.append("Python")
    return x * x


static = symbolic_trace(square)
x = torch.tensor([2.0], requires_grad=True)
y = static(x)
z = static(y)
z.backward()
print(len(calls), z.item(), x.grad)
# sphinx_gallery_graph = "z; view: written"

# %%
# Capture
# -------
# ``symbolic_trace`` calls your function once, with a stand-in for each argument. A stand-in has no numbers. It only
# writes down what is done with it. This is called *tracing*, and it is one way to :term:`capture` a graph. The result can be printed as
# a program:

print(static.code.strip())

# %%
# This is all that is left of ``square``: one multiplication. (``x = None`` lets go of what is not needed any more.)
#
# So there are two graphs here, and they are easy to confuse. The *captured* one is a program: it belongs to a function, and runs
# forward. The one in the picture belongs to a result, and is walked backward. PyTorch recorded it as always, while the captured program
# ran: two multiplications, since ``static`` was called twice.
#
# The if is refused
# -----------------
# Now a function that decides. At ``a = 5`` and ``b = 3`` it takes one branch, and with the two swapped the other one. A stand-in
# has no numbers, so it cannot tell whether it is greater than 0:


def compute(a, b):
    u = a - b
    if u > 0:
        return 3 * u
    return u * u


a = torch.tensor([5.0], requires_grad=True)
b = torch.tensor([3.0], requires_grad=True)
print(f"{compute(a, b).item() = }, {compute(b, a).item() = }")

try:
    symbolic_trace(compute)
except ValueError as error:
    print(error)

# %%
# This is the heart of the matter. A dynamic graph may be a different one in each run, and so Python may decide
# (:doc:`/lessons/2_dynamic_graph/plot_graph_follows_code`). A static graph has to serve all inputs.
#
# Put the choice into the graph
# -----------------------------
# So the choice has to be an operation of the graph. :py:func:`torch.where` is one. It takes the condition and *both* results:


def choose(a, b):
    u = a - b
    return torch.where(u > 0, 3 * u, u * u)


static_choose = symbolic_trace(choose)
print(static_choose.code.strip())

J = static_choose(a, b)
J.backward()
print(J.item(), a.grad, b.grad)
# sphinx_gallery_graph = "J; view: written"

# %%
# Both results are in the picture, 6 and 4, and 0 goes back to the one that was not chosen. Swap the inputs in it, 3 for ``a`` and 5 for
# ``b``: the same graph now chooses 4. The price is that both branches are always computed.
#
# What Python decides is frozen
# -----------------------------
# An ``if`` that asks no tensor is not refused. (``x.shape`` counts as asking: during the capture, it is a stand-in, too.) Python
# decides it during the capture, and only the outcome is in the graph:

training = True


def forward(x):
    if training:
        return 10 * x
    return x


static_forward = symbolic_trace(forward)
training = False

x = torch.tensor([2.0])
print(f"{forward(x) = }")
print(f"{static_forward(x) = }")

# %%
# No error is raised, and the result is wrong. The same happens to a loop: the number of turns during the capture is frozen. This
# may be just what you want, as for the number of layers in a model. But a captured program should always be compared with the function, on inputs
# for each branch.
#
# Compile what can be captured
# ----------------------------
# :py:func:`torch.compile` takes any function. Ask it for a single graph, and it refuses the ``if`` as well:

strict = torch.compile(compute, backend="eager", fullgraph=True)
try:
    strict(a, b)
except RuntimeError as error:
    print(str(error).splitlines()[0])

# %%
# Otherwise it captures up to the ``if``, lets Python decide, and captures what follows. Such a place is called a :term:`graph break`. Each
# one costs speed, and the results stay those of your code:

compiled = torch.compile(compute, backend="eager")
print(f"{compiled(a, b).item() = }, {compiled(b, a).item() = }")

# %%
# What happens to the captured pieces is up to the *backend*. The usual one generates fast code for them; ``"eager"`` just runs them, which
# is enough here.
#
# What people get wrong
# ---------------------
# *A captured program has no gradients.* It consists of PyTorch's operations, and while they run, autograd records. Above, ``J`` came from
# ``static_choose``, and its gradients are 3 and −3, as for ``compute``. Each call leaves a new graph:

first, second = static_choose(a, b), static_choose(a, b)
print(f"{first.grad_fn.name() = }")
print(f"{first.grad_fn is second.grad_fn = }")

# %%
# *Compiling freezes what Python decides.* Tracing does. ``torch.compile`` also writes down what each captured piece relies on, here the
# value of ``training``. It checks that before each run; the checks are called *guards*. If one fails, it captures again:

compiled_forward = torch.compile(forward, backend="eager")
print(f"{compiled_forward(x) = }")
training = True
print(f"{compiled_forward(x) = }")

# %%
# .. fold:: Further misconceptions
#
#    *Static graphs are a thing of the past.* TensorFlow 1 asked you to build one by hand, and PyTorch became popular by not asking for that. Today you write
#    dynamic code, and let a tool capture from it what it can.
#
#    *To save a model for use without Python, save what* ``symbolic_trace`` *gives.* For that there is ``torch.export``, which captures a whole
#    model with the shapes of its inputs. It refuses the ``if`` of ``compute``, too. ``torch.cond`` is an ``if`` that it can capture: a
#    condition, and a function for each branch, of which only one runs. PyTorch calls it a prototype.
#
#    *A compiled function gives the same digits.* A backend may merge and reorder operations, so the last digits can differ.
#
# Check
# -----
# By hand, with :math:`u = a - b`: the result is :math:`3u`, with gradients 3 and −3, if :math:`u > 0`, and otherwise :math:`u^2`, with
# :math:`2u` and :math:`-2u`. All three have to agree with it, on inputs for both branches.

for values in [(5.0, 3.0), (3.0, 5.0)]:
    u = values[0] - values[1]
    by_hand = [3 * u, 3, -3] if u > 0 else [u * u, 2 * u, -2 * u]
    print(by_hand)
    for function in [compute, static_choose, compiled]:
        a, b = (torch.tensor([value], requires_grad=True) for value in values)
        J = function(a, b)
        J.backward()
        assert [J.item(), a.grad.item(), b.grad.item()] == by_hand

# %%
# In short
# --------
# A static graph is a program that was captured once from your code and runs without it. What depends on the numbers in a tensor has to be an
# operation of it, such as ``where``; what Python decided during the capture is frozen. ``torch.compile`` captures the pieces between such
# decisions, and checks before each run whether they still fit.
#
# Exercises
# ---------
# .. predict:: The number of turns is changed after the capture. Which number is ``y``?
#    :answer: y
#
#    .. code-block:: python
#
#       import torch
#       from torch.fx import symbolic_trace
#
#       turns = 3
#
#       def power(x):
#           result = 1
#           for _ in range(turns):
#               result = result * x
#           return result
#
#       static = symbolic_trace(power)
#       turns = 4
#       y = static(torch.tensor(2.0))
#
#    The loop ran three times during the capture, and left three multiplications. There is no loop in what was captured, so
#    :math:`y = 2^3 = 8`.
#
#    - ``16``: That is what ``power`` itself gives now. Is ``turns`` still asked when ``static`` runs?
#    - ``2``: How many multiplications are in the captured program?
#    - ``6``: What does each turn do with ``result``?
#
# .. find:: The capture of this function raises an error. Which line contains the decision that cannot be captured?
#    :answer: line 11
#    :holds: found == [13, -19]
#    :instead: factor = torch.where(x > 10, -1.0, 3.0)
#
#    .. code-block:: python
#
#       import torch
#       from torch.fx import symbolic_trace
#
#       wide = True
#
#
#       def compute(x):
#           for _ in range(2):
#               x = 2 * x
#           shift = 1 if wide else 0
#           factor = -1.0 if x > 10 else 3.0
#           return factor * x + shift
#
#
#       static = symbolic_trace(compute)
#       found = [static(torch.tensor(value)).item() for value in [1.0, 5.0]]
#
#    ``x > 10`` asks a tensor. The loop and the other ``if`` ask only Python, and are frozen: two turns, and a shift of 1.
#
#    - ``line 8``: Does the number of turns depend on a tensor?
#    - ``line 10``: Who knows whether ``wide`` is true, Python or a tensor?
#    - ``line 9``: A stand-in can be multiplied. What can it not be asked for?
#    - ``line 15``: Here the error is raised. What in the function leads to it?
#
# .. derive:: A choice as an operation. Type one formula for ``x.grad`` that is right on both sides of 0.
#    :answer: 2 * abs(x)
#    :names: x
#    :gives: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([-3.0, -0.5, 1.0, 2.0], requires_grad=True)
#       J = torch.where(x > 0, x * x, -x * x)
#       J.sum().backward()
#
#    For positive ``x``, the slope is :math:`2x`, and for negative ``x`` it is :math:`-2x`. Only the chosen one comes back. Both together
#    are :math:`2|x|`.
#
#    - ``2 * x``: That is right on one side. Which result is chosen at −3, and what is its slope there?
#    - ``-2 * x``: That is right on one side. Which result is chosen at 2, and what is its slope there?
#    - ``abs(x)``: This has the right sign everywhere. What is the slope of :math:`x^2` at 2?
#    - ``0 * x``: Do both slopes come back, or only that of the chosen result?
#
# .. write:: Write the Huber loss so that it can be captured: :math:`e^2/2` where :math:`|e| \le 1`, and :math:`|e| - 1/2` elsewhere.
#    :file: huber_without_if
#    :fails: AssertionError: nothing is returned
#
#    .. code-block:: python
#
#       import torch
#       import torch.nn.functional as F
#       from torch.fx import symbolic_trace
#
#
#       def huber(e):
#           # <your code>
#           size = e.abs()
#           return torch.where(size <= 1, e * e / 2, size - 0.5)
#           # </your code>
#
#
#       static = symbolic_trace(huber)
#       e = torch.tensor([-3.0, -0.5, 0.25, 2.0], requires_grad=True)
#       loss = static(e)
#       assert loss is not None, "nothing is returned"
#
#       wanted = F.huber_loss(e, torch.zeros(4), reduction="none")
#       assert torch.allclose(loss, wanted), loss
#       loss.sum().backward()
#       assert e.grad.tolist() == [-1, -0.5, 0.25, 1], e.grad
#
#    Both formulas are computed for all elements, and ``where`` chooses element by element. A single ``if`` could not do that, even in
#    dynamic code.
#
#    - ``torch.fx.proxy.TraceError``: An ``if`` or ``abs(e) <= 1`` in an ``if`` asks the stand-in for its numbers. Which operation chooses
#      without asking?
#    - ``AssertionError: tensor``: Print ``wanted`` next to it. Which of the two formulas is used at the wrong places?
#    - ``AssertionError: nothing is returned``: The function computes, but does it return the result?

# %%
# Further reading
# ---------------
# ``symbolic_trace``, and what can be done with a captured program, is described in PyTorch's documentation of `torch.fx
# <https://docs.pytorch.org/docs/stable/fx.html>`__. The two styles of programming are compared in
# `Dive into Deep Learning <https://d2l.ai/chapter_computational-performance/hybridize.html>`__, in the section on compilers and
# interpreters.
#
# **Next:** the next chapter leads from the graph to learning, and begins with :doc:`/lessons/3_learning/plot_logistic_graph`. What else takes
# numbers out of a tensor, and what that does to gradients, is in :doc:`/lessons/2_dynamic_graph/plot_silent_cuts`. The terms of this page
# are in the :doc:`/glossary`.
