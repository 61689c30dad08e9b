#!/usr/bin/env python3
"""What Django makes of urls modules: writes ../data/routes.json.

Every case is a handful of modules; each of their routes to a view is reversed with a value for each parameter, the URL
that comes out is resolved again, and what Django then says of the match stands under "django". See README.md for how to
run it.
"""
import importlib
import json
import pathlib
import sys
import tempfile

import django
from django.conf import settings
from django.urls import NoReverseMatch, get_resolver, resolve, reverse, set_urlconf
from django.urls.resolvers import URLPattern

settings.configure(INSTALLED_APPS=[], LANGUAGE_CODE="en", USE_I18N=True)
django.setup()

OUT = pathlib.Path(__file__).resolve().parent.parent / "data" / "routes.json"

VIEWS = """\
from django.views.generic import TemplateView
def index(request, **kwargs): pass
def detail(request, **kwargs): pass
def plain(view): return view
def cached(seconds): return plain
class Page(TemplateView):
    template_name = "x"
"""
HEAD = "from django.urls import include, path, re_path\nfrom blog import views\n"

CASES = {
    "one module": {
        "urls": "urlpatterns = [path('', views.index, name='index'), path('posts/<int:pk>/', views.detail, name='post')]",
    },
    "an app with a name": {
        "urls": "urlpatterns = [path('blog/', include('blog.urls'))]",
        "blog.urls": "app_name = 'blog'\nurlpatterns = [path('', views.index, name='index'), path('<slug:slug>/', views.detail, name='post')]",
    },
    "an app without a name": {
        "urls": "urlpatterns = [path('blog/', include('blog.urls'))]",
        "blog.urls": "urlpatterns = [path('', views.index, name='index')]",
    },
    "a tuple gives the name": {
        "urls": "urlpatterns = [path('blog/', include(('blog.urls', 'posts')))]",
        "blog.urls": "urlpatterns = [path('', views.index, name='index')]",
    },
    "the module's name goes before the tuple's": {
        "urls": "urlpatterns = [path('blog/', include(('blog.urls', 'posts')))]",
        "blog.urls": "app_name = 'blog'\nurlpatterns = [path('', views.index, name='index')]",
    },
    "two instances": {
        "urls": "urlpatterns = [path('a/', include('blog.urls', namespace='a')), path('b/', include('blog.urls', 'b'))]",
        "blog.urls": "app_name = 'blog'\nurlpatterns = [path('', views.index, name='index')]",
    },
    "lists that are put together": {
        "urls": "first = [path('a/', views.index, name='a')]\nurlpatterns = first + [path('b/', views.index, name='b')]\nurlpatterns += [path('c/', views.index, name='c')]\nurlpatterns.append(path('d/', views.index, name='d'))\nurlpatterns = [*urlpatterns, path('e/', views.index, name='e')]",
    },
    "a list included in place": {
        "urls": "inner = [path('<int:year>/', views.detail, name='year')]\nurlpatterns = [path('x/<str:user>/', include([path('y/', views.index, name='y'), path('z/', include(inner))]))]",
    },
    "a list in place with a name": {
        "urls": "inner = [path('y/', views.index, name='y')]\nurlpatterns = [path('x/', include((inner, 'inner')))]",
    },
    "regular expressions": {
        "urls": r"urlpatterns = [re_path(r'^posts/(?P<pk>\d+)/$', views.detail, name='post'), re_path(r'^blog/', include('blog.urls'))]",
        "blog.urls": r"urlpatterns = [re_path(r'^(?P<year>[0-9]{4})/$', views.detail, name='year'), path('x/<uuid:u>/', views.detail, name='u')]",
    },
    "namespaces within each other": {
        "urls": "urlpatterns = [path('api/', include('api.urls'))]",
        "api.urls": "app_name = 'api'\nurlpatterns = [path('v1/<str:team>/', include('blog.urls'))]",
        "blog.urls": "app_name = 'blog'\nurlpatterns = [path('<int:pk>/', views.detail, name='post')]",
    },
    "wrapped views and classes": {
        "urls": "urlpatterns = [path('a/', views.plain(views.index), name='a'), path('b/', views.cached(60)(views.index), name='b'), path('c/', views.plain(views.Page.as_view()), name='c'), path('d/', views.Page.as_view(template_name='d'), name='d')]",
    },
    "an imported module and an imported list": {
        "urls": "from blog import urls as blog_urls\nfrom blog.urls import more\nurlpatterns = [path('blog/', include(blog_urls)), path('more/', include(more))]",
        "blog.urls": "more = [path('m/', views.index, name='m')]\nurlpatterns = [path('', views.index, name='index')]",
    },
    "a path without a slash before another": {
        "urls": "urlpatterns = [path('blog', include('blog.urls'))]",
        "blog.urls": "urlpatterns = [path('/x/', views.index, name='x')]",
    },
    "named arguments": {
        "urls": "urlpatterns = [path(route='a/<int:n>/', view=views.detail, kwargs={'x': 1}, name='a'), path('b/', views.index, {'y': 2}, 'b')]",
    },
}

SAMPLES = {"int": 7, "str": "x", "slug": "x-y", "path": "a/b", "uuid": "075194d3-6885-417e-a8a8-6c931e272f00"}


def sample(pattern, name):
    converters = getattr(pattern, "converters", {})
    if name in converters:
        kind = type(converters[name]).__name__.replace("Converter", "").lower().replace("string", "str")
        return SAMPLES[kind]
    return "2024"


def patterns(resolver, namespaces=(), parents=()):
    for pattern in resolver.url_patterns:
        here = (*parents, pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield pattern, namespaces, here
        else:
            inner = (*namespaces, pattern.namespace) if pattern.namespace else namespaces
            yield from patterns(pattern, inner, here)


def parameters(chain):
    for part in chain:
        if getattr(part, "_is_endpoint", None) is None and not hasattr(part, "regex"):
            continue
        for name in part.regex.groupindex:
            yield name, sample(part, name)


def ask(files):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for module, text in {"blog": "", "api": "", "blog.views": VIEWS, **files}.items():
            package = module in ("blog", "api")
            path = root / module.replace(".", "/")
            path = path / "__init__.py" if package else path.with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text((HEAD if "urls" in module else "") + text + "\n")
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
        try:
            return list(matches())
        finally:
            sys.path.remove(folder)
            for name in [n for n in sys.modules if n.split(".")[0] in ("urls", "blog", "api")]:
                del sys.modules[name]
            django.urls.clear_url_caches()


def matches():
    set_urlconf("urls")
    settings.ROOT_URLCONF = "urls"
    for pattern, namespaces, chain in patterns(get_resolver("urls")):
        name = ":".join([*namespaces, pattern.name])
        values = dict(parameters(chain))
        values.update(pattern.default_args)
        try:
            match = resolve(reverse(name, kwargs=values))
        except NoReverseMatch as exc:
            raise SystemExit(f"{name}: {exc}")
        view = getattr(match.func, "view_class", match.func)
        yield {
            "name": match.view_name,
            "route": match.route,
            "parameters": sorted(set(match.kwargs) - set(pattern.default_args)),
            "view": f"{view.__module__}.{view.__name__}",
        }


def main():
    cases = []
    for situation, files in CASES.items():
        texts = {f"{module.replace('.', '/')}.py": HEAD + text + "\n" for module, text in files.items()}
        cases.append({"situation": situation, "files": texts, "django": ask(files)})
    table = {"about": "Written by tests/oracles/routes.py", "django": django.get_version(), "views": VIEWS, "cases": cases}
    OUT.write_text(json.dumps(table, indent=1) + "\n")
    print(sum(len(case["django"]) for case in cases), "routes of", len(cases), "cases")


main()
