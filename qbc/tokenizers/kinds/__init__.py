"""The kinds, one a module: what a module of this folder lists in its ``KINDS`` is registered, and the law tests run over it."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import TypeAlias

from qbc.tokenizers.tokenizer import Tokenizer

Fit: TypeAlias = Callable[..., Tokenizer]  # (chunks, rng, **options)

MODULES = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
KINDS: dict[str, Fit] = {name: fit for module in MODULES for name, fit in module.KINDS.items()}
CLASSES: dict[str, type[Tokenizer]] = {
    c.__name__: c
    for module in MODULES
    for c in vars(module).values()
    if isinstance(c, type) and issubclass(c, Tokenizer) and c.__module__ == module.__name__
}
