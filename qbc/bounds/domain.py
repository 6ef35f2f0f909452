"""The domain check that every bound makes."""


def inside(**conditions: bool) -> None:
    """Raise ``ValueError`` naming the first condition that is false; its name says what is wanted: ``beta_nonnegative``."""
    for name, ok in conditions.items():
        if not ok:
            raise ValueError(f"outside the domain of the bound: {name.replace('_', ' ')}")
