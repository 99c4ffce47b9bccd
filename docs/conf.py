"""Sphinx settings; what they need beyond settings is in ``_ext/skseizure_docs.py``."""

import sys
import warnings
from pathlib import Path

import skseizure

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "skseizure"
author = "the skseizure developers"
copyright = author
version = release = skseizure.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "matplotlib.sphinxext.plot_directive",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "skseizure_docs",
]
exclude_patterns = ["_build", "examples"]
templates_path = ["_templates"]
# `Windows` in single backticks becomes a link if it is a public name, and stays code if not.
default_role = "py:obj"
python_maximum_signature_line_length = 80

ROUTED = ("fit", "fit_resample", "predict", "predict_proba", "transform", "score", "split")

autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"  # the docstrings say more: shapes and units
autodoc_default_options = {
    # Written into each class by scikit-learn; they are of use with metadata routing only.
    "exclude-members": ", ".join(f"set_{method}_request" for method in ROUTED),
}

numpydoc_show_class_members = False  # the class template lists them
# No docstring, or a parameter, type, return or yield that it does not tell.
numpydoc_validation_checks = {"GL08", "PR01", "PR02", "PR03", "PR04", "PR07", "RT01", "YD01"}

plot_html_show_source_link = False
plot_html_show_formats = False
plot_formats = [("png", 110)]

# joblib starts a worker of the gallery anew when it has grown by 300 MB, and says so.
warnings.filterwarnings("ignore", "A worker stopped while some jobs were given to the executor")
sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "parallel": 2,
    "backreferences_dir": "auto_examples/backreferences",
    "doc_module": ("skseizure",),
    "inspect_global_variables": False,  # an example uses what it names
    "capture_repr": (),  # what an example shows, it prints
    "reset_modules": ("matplotlib", "skseizure_docs.warnings_are_errors"),
    "reset_modules_order": "both",
    "junit": "gallery/times.xml",  # read by skseizure_docs.check_times
    "min_reported_time": 1,
    "write_computation_times": False,
}

html_math_renderer = "mathml"  # of _ext, so that formulas are there without a network
html_theme = "pydata_sphinx_theme"
html_theme_options = {
    "logo": {"text": "skseizure"},
    "navbar_align": "left",
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"index": [], "start": [], "choosing": [], "traps": [], "papers": []}
html_show_sourcelink = False
