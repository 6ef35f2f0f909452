"""The block ``{prf:finding}``: what was measured and follows from no proof. It is numbered and checked like a theorem."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx_proof.directive import DEFAULT_REALTYP_TO_COUNTERTYP, ElementDirective
from sphinx_proof.nodes import NODE_TYPES, depart_enumerable_node, visit_enumerable_node


class finding_node(nodes.Admonition, nodes.Element):
    pass


class FindingDirective(ElementDirective):
    """A statement read off an experiment."""

    name = "finding"


def setup(app: Sphinx) -> dict[str, Any]:
    app.setup_extension("sphinx_proof")
    NODE_TYPES["finding"] = finding_node  # sphinx_proof looks its kinds up in these two
    DEFAULT_REALTYP_TO_COUNTERTYP["finding"] = "theorem"
    app.add_enumerable_node(finding_node, "finding", None, html=(visit_enumerable_node, depart_enumerable_node))
    app.add_directive_to_domain("prf", "finding", FindingDirective)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
