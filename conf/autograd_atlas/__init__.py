"""Autograd Atlas: computation graphs and PyTorch's dynamic autograd, shown by running them."""
