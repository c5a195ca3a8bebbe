"""Layers and the order of apps, held by the graph of imports, indirect ones included."""

import ast
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ORDER = ["libraries", "transactions", "payments", "reports"]
SHARED = {
    "connecticard.admin_site",
    "connecticard.canonical_json",
    "connecticard.clock",
    "connecticard.constraints",
    "connecticard.delivery",
    "connecticard.exchange",
    "connecticard.help",
    "connecticard.locks",
    "connecticard.mail",
    "connecticard.models",
    "connecticard.outbound",
    "connecticard.permissions",
    "connecticard.published_pages",
    "connecticard.published_tables",
    "connecticard.reference_admin",
    "connecticard.refusals",
    "connecticard.request_id",
    "connecticard.rulebook",
    "connecticard.sealed",
    "connecticard.second_factor",
    "connecticard.webhooks",
}
WAYS_IN = ("views", "api", "tasks", "admin", "management", "urls", "forms")


@pytest.fixture(scope="module")
def graph():
    return grimp.build_graph("connecticard", *ORDER, cache_dir=None)


def chains(graph, importers, imported):
    """Return one chain of imports for each pair that has any."""
    return [
        " -> ".join(chain)
        for importer in sorted(importers)
        for target in sorted(imported)
        if (chain := graph.find_shortest_chain(importer=importer, imported=target))
    ]


def modules(graph, *packages):
    return {
        module
        for module in graph.modules
        if any(module == package or module.startswith(f"{package}.") for package in packages)
    }


def module_names(graph, app, layer):
    """Modules of an app that belong to a layer, whether it is one file or a package of several."""
    return {
        module
        for module in modules(graph, app)
        if module.split(".")[1:2]
        and module.split(".")[1] in (layer if isinstance(layer, tuple) else (layer,))
    }


@pytest.mark.parametrize("app", ORDER[:-1])
def test_an_app_never_reaches_an_app_that_comes_after_it(graph, app):
    later = modules(graph, *ORDER[ORDER.index(app) + 1 :])

    assert chains(graph, modules(graph, app), later) == []


def test_what_every_app_shares_reaches_no_app(graph):
    shared = {module for name in SHARED for module in modules(graph, name)}

    assert chains(graph, shared, modules(graph, *ORDER)) == []


def test_nothing_of_the_project_around_them_is_reached_by_an_app(graph):
    entrances = {"connecticard.urls", "connecticard.api_urls", "connecticard.celery", "connecticard.wsgi"}

    assert chains(graph, modules(graph, *ORDER), entrances & graph.modules) == []


@pytest.mark.parametrize("app", ["transactions", "payments", "reports"])
def test_rules_import_rules_and_nothing_else_of_the_product(graph, app):
    rules = modules(graph, f"{app}.rules")
    allowed = modules(graph, "transactions.rules", "payments.rules", "reports.rules") | {
        "connecticard.rulebook",
        "connecticard.canonical_json",
    }

    strangers = {
        f"{rule} imports {imported}"
        for rule in rules
        for imported in graph.find_modules_directly_imported_by(rule)
        if imported not in allowed
    }

    assert strangers == set()


@pytest.mark.parametrize("app", ["transactions", "payments", "reports"])
def test_rules_load_neither_django_nor_a_driver(app):
    """Imported alone in a fresh process, so that a third module cannot bring them in unseen."""
    program = (
        f"import importlib, pkgutil, sys, {app}.rules as rules\n"
        "for module in pkgutil.iter_modules(rules.__path__):\n"
        f"    importlib.import_module('{app}.rules.' + module.name)\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in ('django', 'psycopg', 'celery')))"
    )

    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize("app", ["connecticard", *ORDER])
def test_models_know_no_service_and_no_way_in(graph, app):
    above = module_names(graph, app, ("services", *WAYS_IN))

    assert chains(graph, module_names(graph, app, "models"), above) == []


@pytest.mark.parametrize("app", ["connecticard", *ORDER])
def test_services_know_no_page_and_no_command(graph, app):
    pages = module_names(graph, app, ("views", "api", "admin", "management", "urls"))

    assert chains(graph, module_names(graph, app, "services"), pages) == []


def test_no_import_hides_inside_a_function():
    """It dodges a cycle, or an arrow that points the wrong way; only `AppConfig.ready` is meant for it."""
    root = Path(__file__).parent.parent
    hidden = [
        f"{path.relative_to(root)}:{node.lineno}"
        for app in ("connecticard", *ORDER)
        for path in sorted((root / app).rglob("*.py"))
        if "migrations" not in path.parts
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.name != "ready"
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]

    assert hidden == []
