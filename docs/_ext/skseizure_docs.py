"""The public names: that the reference lists them all, links to them, the tables of measures.

And formulas that need no network, and the gallery: no example may warn, or take a minute.
"""

import re
import warnings
from contextlib import ExitStack
from pathlib import Path
from xml.etree import ElementTree

from docutils.nodes import SkipNode
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

import skseizure
from skseizure.measures._registry import UNIVARIATE29, available_measures

LONGEST = 60  # seconds, an example of the gallery
FILTERS = ExitStack()  # of warnings, while an example runs


def public_names() -> dict[str, str]:
    """Return the full name, ``skseizure.signals.Windows``, of every public name."""
    names = {}
    for top in skseizure.__all__:
        item = getattr(skseizure, top)
        own = getattr(item, "__all__", None)  # of a sub-package
        path = f"skseizure.{top}"
        names |= {top: path} if own is None else {name: f"{path}.{name}" for name in own}
    return names


def check_reference(app, config) -> None:
    """Raise if api.rst lacks a public name or lists another; drop pages of names long gone."""
    listed, module = set(), ""
    for line in (Path(app.srcdir) / "api.rst").read_text(encoding="utf-8").splitlines():
        if line.startswith(".. currentmodule::"):
            module = line.split()[-1]
        elif re.fullmatch(r"   [A-Za-z_]\w*", line):
            listed.add(f"{module}.{line.strip()}")
    public = set(public_names().values())
    if listed != public:
        raise ExtensionError(
            f"api.rst lacks the public names {sorted(public - listed)} "
            f"and lists {sorted(listed - public)}, which are not public."
        )
    for page in (Path(app.srcdir) / "generated").glob("*.rst"):
        if page.stem not in public:
            page.unlink()


def link_public_name(app, env, node, contnode):
    """Resolve `Windows` or `Windows.labels` from anywhere, not from its own module alone."""
    name, _, member = node.get("reftarget", "").partition(".")
    full = public_names().get(name)
    if node.get("refdomain") != "py" or full is None:
        return None
    target = f"{full}.{member}" if member else full
    domain = env.get_domain("py")
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", target, node, contnode)


def warnings_are_errors(gallery_conf, fname, when) -> None:
    """Make warnings errors while an example runs."""
    if when == "after":
        FILTERS.close()
        return
    FILTERS.enter_context(warnings.catch_warnings(action="error"))
    # Of plt.show(), which the reader's screen needs and the builder's has no window for.
    warnings.filterwarnings("ignore", "FigureCanvasAgg is non-interactive")


def check_times(app) -> None:
    """Raise if an example took a minute or more."""
    report = Path(app.outdir, app.config.sphinx_gallery_conf["junit"])
    if not report.exists():  # built without running the examples
        return
    times = {
        case.get("file"): float(case.get("time"))
        for case in ElementTree.parse(report).iter("testcase")
    }
    slow = {file: round(seconds) for file, seconds in times.items() if seconds >= LONGEST}
    if slow:
        raise ExtensionError(f"Examples that take {LONGEST} s or more: {slow}.")


class MeasuresTable(SphinxDirective):
    """``.. measures-table::`` lists the measures of `BandFeatures`, in the order of the columns.

    ``.. measures-table:: further`` lists the others, with the numbers that follow.
    """

    optional_arguments = 1

    def run(self):
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: auto", ""]
        header = ("", "abbreviation", "function", "group", "unit", "definition", "cost")
        if self.arguments not in ([], ["further"]):
            raise self.error(f"measures-table knows 'further', and not {self.arguments[0]!r}.")
        measures = list(available_measures().values())
        first, end = (len(UNIVARIATE29), None) if self.arguments else (0, len(UNIVARIATE29))
        rows = [
            (
                str(number),
                measure.abbreviation,
                f"`{measure.name}`",
                measure.group,
                measure.unit,
                f"``{measure.formula}``",
                measure.cost,
            )
            for number, measure in enumerate(measures[first:end], start=first + 1)
        ]
        for first_cell, *others in (header, *rows):
            lines += [f"   * - {first_cell}", *(f"     - {cell}" for cell in others)]
        return self.parse_text_to_nodes("\n".join(lines))


def mathml(text: str, display: str) -> str:
    """Return a formula as MathML, which browsers draw without a script or a font from elsewhere."""
    try:
        code = tex2mathml(text)
    except (MathError, AttributeError) as error:  # the latter of what it did not expect
        raise ExtensionError(f"A formula that docutils cannot turn into MathML: {text}") from error
    return code.replace("<math ", f'<math display="{display}" ', 1)


def visit_inline_math(translator, node) -> None:
    translator.body.append(mathml(node.astext(), "inline"))
    raise SkipNode


def visit_math_block(translator, node) -> None:
    style = "margin: 1em 0; overflow-x: auto"  # the theme's own, of .math, cuts wide ones off
    for text in re.split(r"\n\s*\n", node.astext()):
        translator.body.append(f'<div style="{style}">\n{mathml(text, "block")}\n</div>\n')
    raise SkipNode


def setup(app):
    app.connect("config-inited", check_reference)
    app.connect("builder-inited", check_times, priority=900)  # after the gallery has been run
    app.connect("missing-reference", link_public_name)
    app.add_directive("measures-table", MeasuresTable)
    app.add_html_math_renderer("mathml", (visit_inline_math, None), (visit_math_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
