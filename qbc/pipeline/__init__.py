"""From a chapter's text to the built book: ``chapters`` (text and pair), ``execute``, ``record`` (ledger, numbers), ``render``."""
