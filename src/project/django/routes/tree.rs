//! All routes of the repository's projects, through every urls module that another includes.

use std::collections::BTreeSet;

use ruff_text_size::TextRange;

use crate::model::change::Path;
use crate::project::django::settings::Settings;
use crate::project::python::imports::{module_path, split};
use crate::project::{Fact, Project};
use crate::source::snapshot::both;
use crate::source::tree::{is_vendored, join};
use crate::source::{NotLoaded, Tree};

use super::pattern::Parameter;
use super::urlconf::{Entry, Include, Included, RoutedView, Said, Target, UrlConf, app_name, is_urls};

/// Urls modules that are read, each time that one is included.
const MAX_MODULES: usize = 400;
const MAX_ROUTES: usize = 10_000;
/// Modules that include each other.
const MAX_DEPTH: usize = 12;

/// Every route of the repository that leads to a view, in the order in which Django tries them.
#[derive(Debug, Default)]
pub struct Routes {
    routes: Vec<Route>,
    mounts: Vec<Mount>,
    /// All that is included is in the repository, and none of it holds what could not be read.
    is_complete: bool,
    /// Settings name where the tree begins.
    is_rooted: bool,
}

/// One way from a root to a view.
#[derive(Clone, Debug)]
pub struct Route {
    /// The urls module, and where in it the route stands.
    pub path: Path,
    pub at: TextRange,
    pub above: Above,
    /// `None`: not given. Empty where nobody can tell.
    pub name: Option<String>,
    pub view: ViewRef,
    /// The decorators that routes put around it by their dotted names; empty for what has none.
    pub wrappers: Vec<String>,
}

/// A view by the module that a route takes it from; a package may take it from a module of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewRef {
    pub path: Option<Path>,
    pub name: String,
}

/// What the way to a place in the tree adds up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Above {
    /// As Django's `ResolverMatch.route` says it; `None` where a part cannot be read.
    pub route: Option<String>,
    pub parameters: Vec<Parameter>,
    pub namespaces: Vec<String>,
    /// A namespace is given that cannot be read.
    pub has_unknown_namespace: bool,
    pub is_conditional: bool,
    /// Decorators may stand around all that is included.
    pub is_wrapped: bool,
}

/// A urls module where another includes it, or where the tree begins.
#[derive(Clone, Debug)]
pub struct Mount {
    pub path: Path,
    pub above: Above,
    pub is_root: bool,
}

impl Routes {
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter()
    }

    /// Where the urls module of a path hangs in the tree.
    pub fn mounts_of<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a Mount> {
        self.mounts.iter().filter(move |mount| mount.path == path)
    }

    /// The routes that a place of a urls module gives.
    pub fn at<'a>(&'a self, path: &'a str, at: TextRange) -> impl Iterator<Item = &'a Route> {
        self.routes.iter().filter(move |route| route.at == at && route.path == path)
    }

    /// The routes that lead to a function or class at the top of a module.
    pub fn to<'a>(&'a self, path: &'a str, name: &'a str) -> impl Iterator<Item = &'a Route> {
        self.routes.iter().filter(move |route| route.view.is(path, name))
    }

    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    pub fn is_rooted(&self) -> bool {
        self.is_rooted
    }
}

impl Route {
    /// `blog:post_detail`; `None` for one without a name, or where it cannot be read.
    pub fn full_name(&self) -> Option<String> {
        let name =
            self.name.as_deref().filter(|name| !name.is_empty() && !self.above.has_unknown_namespace)?;
        Some(self.above.namespaces.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join(":"))
    }
}

impl ViewRef {
    /// Is it what stands under this name in this module?
    pub fn is(&self, path: &str, name: &str) -> bool {
        let module = self.path.as_deref();
        let is_package = |own: &str| {
            let package = own.strip_suffix("__init__.py");
            package.is_some_and(|package| !package.is_empty() && path.starts_with(package))
        };
        self.name == name && module.is_some_and(|own| own == path || is_package(own))
    }
}

impl Fact for Routes {
    type Key = ();

    fn find(project: &Project, (): &()) -> Result<Self, NotLoaded> {
        let (tree, settings) = both(project.tree(), project.fact::<Settings>(&()))?;
        let mut growing = Growing::new(project, &tree);
        let rooted = settings.root_urlconfs();
        let found =
            rooted.iter().filter_map(|(root, urlconf)| module_path(&tree, &join(root, "manage.py"), urlconf));
        let roots: BTreeSet<Path> = found.collect();
        if roots.is_empty() {
            growing.grow_without_root()?;
        } else {
            growing.routes.is_rooted = true;
            growing.grow(&roots)?;
        }
        Ok(growing.routes)
    }
}

/// The tree while it is read.
struct Growing<'p> {
    project: &'p Project,
    tree: &'p Tree,
    routes: Routes,
    modules: usize,
    /// The urls modules between the root and here: one that includes itself ends.
    way: Vec<Path>,
}

impl<'p> Growing<'p> {
    fn new(project: &'p Project, tree: &'p Tree) -> Self {
        let routes = Routes { is_complete: true, ..Routes::default() };
        Self { project, tree, routes, modules: 0, way: Vec::new() }
    }

    fn grow(&mut self, roots: &BTreeSet<Path>) -> Result<(), NotLoaded> {
        let above = Above { route: Some(String::new()), ..Above::default() };
        let grown = roots.iter().map(|root| self.module(root, "urlpatterns", above.clone()));
        NotLoaded::all(grown).map(drop)
    }

    /// Where no settings name a root, every urls module that no other includes is one.
    fn grow_without_root(&mut self) -> Result<(), NotLoaded> {
        let all = self.tree.entries.keys().filter(|path| is_urls(path) && !is_vendored(path));
        let all: BTreeSet<Path> = all.take(MAX_MODULES).cloned().collect();
        let modules = NotLoaded::all(all.iter().map(|path| self.project.module(path)))?;
        let mut included = BTreeSet::new();
        for (path, module) in all.iter().zip(&modules) {
            let Some(conf) = module.as_deref().and_then(UrlConf::read) else { continue };
            for entry in conf.all() {
                if let Target::Include(include) = &entry.target {
                    included.extend(self.target_of(path, &include.what).map(|(path, _)| path));
                }
            }
        }
        self.grow(&all.difference(&included).cloned().collect())
    }

    /// All that a list of a module leads to.
    fn module(&mut self, path: &str, list: &str, above: Above) -> Result<(), NotLoaded> {
        let too_much = self.modules >= MAX_MODULES || self.way.len() >= MAX_DEPTH;
        if too_much || self.way.iter().any(|at| at == path) {
            self.routes.is_complete &= !too_much;
            return Ok(());
        }
        self.modules += 1;
        let module = self.project.module(path)?;
        let is_root = self.way.is_empty();
        self.routes.mounts.push(Mount { path: path.to_owned(), above: above.clone(), is_root });
        let Some(conf) = module.as_deref().and_then(|module| UrlConf::of_list(module, list)) else {
            self.routes.is_complete = false;
            return Ok(());
        };
        self.routes.is_complete &= conf.is_complete;
        self.way.push(path.to_owned());
        let grown = self.entries(path, &conf.entries, &above);
        self.way.pop();
        grown
    }

    fn entries(&mut self, path: &str, entries: &[Entry<'_>], above: &Above) -> Result<(), NotLoaded> {
        let mut missing = NotLoaded::default();
        for entry in entries {
            let here = above.with(entry);
            match &entry.target {
                Target::View(view) => self.view(path, entry, view, here),
                Target::Include(include) => {
                    self.include(path, include, here).unwrap_or_else(|more| missing.merge(more));
                }
                Target::Site => {}
                Target::Unknown => self.routes.is_complete = false,
            }
        }
        if missing.wants.is_empty() { Ok(()) } else { Err(missing) }
    }

    fn view(&mut self, path: &str, entry: &Entry<'_>, view: &RoutedView<'_>, above: Above) {
        if self.routes.routes.len() >= MAX_ROUTES {
            self.routes.is_complete = false;
            return;
        }
        let name = match entry.name {
            Said::Nothing => None,
            Said::Text(name) => Some(name.to_owned()),
            Said::Unknown => Some(String::new()),
        };
        let wrapper = |name: &Option<_>| name.as_ref().map_or_else(String::new, ToString::to_string);
        self.routes.is_complete &= entry.name != Said::Unknown;
        self.routes.routes.push(Route {
            path: path.to_owned(),
            at: entry.at,
            above,
            name,
            view: self.view_ref(path, view),
            wrappers: view.wrappers.iter().map(wrapper).collect(),
        });
    }

    /// No file is read for it.
    fn view_ref(&self, path: &str, view: &RoutedView<'_>) -> ViewRef {
        let dotted = view.name.to_string();
        let (module, name) = match split(&dotted) {
            Some((module, name)) => (module_path(self.tree, path, module), name),
            None => (Some(path.to_owned()), dotted.as_str()),
        };
        ViewRef { path: module, name: name.to_owned() }
    }

    fn include(&mut self, path: &str, include: &Include<'_>, above: Above) -> Result<(), NotLoaded> {
        let is_wrapped = above.is_wrapped || include.is_wrapped;
        let above = Above { is_wrapped, ..above };
        match &include.what {
            Included::Entries(entries) => {
                let inner = above.in_namespace(include, Said::Nothing);
                self.entries(path, entries, &inner)
            }
            Included::Router(_) | Included::Unknown => {
                self.routes.is_complete = false;
                Ok(())
            }
            what => {
                let Some((target, list)) = self.target_of(path, what) else {
                    self.routes.is_complete = false;
                    return Ok(());
                };
                let Some(module) = self.project.module(&target)? else { return Ok(()) };
                let own = if list == "urlpatterns" { app_name(&module) } else { Said::Nothing };
                self.module(&target, &list, above.in_namespace(include, own))
            }
        }
    }

    /// The module and the list in it that an `include` names; `None` for what is not in the repository.
    fn target_of(&self, path: &str, what: &Included<'_>) -> Option<(Path, String)> {
        let dotted = match what {
            Included::Text(text) => (*text).to_owned(),
            Included::Module(name) => name.to_string(),
            _ => return None,
        };
        if let Some(module) = module_path(self.tree, path, &dotted) {
            return Some((module, "urlpatterns".to_owned()));
        }
        let (module, list) = split(&dotted)?;
        let module = module_path(self.tree, path, module)?;
        (module != path).then(|| (module, list.to_owned()))
    }
}

impl Above {
    /// What an entry adds.
    fn with(&self, entry: &Entry<'_>) -> Self {
        let mut here = self.clone();
        here.is_conditional |= entry.is_conditional;
        let own = entry.pattern.as_ref().map_or(Some(""), |pattern| pattern.text);
        here.route = match (&self.route, own) {
            (Some(above), Some(own)) if !entry.is_localised => Some(joined(above, own)),
            _ => None,
        };
        here.parameters.extend(entry.pattern.iter().flat_map(|pattern| pattern.parameters()));
        here
    }

    /// https://docs.djangoproject.com/en/5.2/topics/http/urls/#url-namespaces-and-included-urlconfs
    fn in_namespace(mut self, include: &Include<'_>, of_module: Said<'_>) -> Self {
        let app_name = if of_module == Said::Nothing { include.app_name } else { of_module };
        match if include.namespace == Said::Nothing { app_name } else { include.namespace } {
            Said::Nothing => {}
            Said::Text(name) => self.namespaces.push(name.to_owned()),
            Said::Unknown => self.has_unknown_namespace = true,
        }
        self
    }
}

/// https://github.com/django/django/blob/5.2/django/urls/resolvers.py: `URLResolver._join_route`.
fn joined(above: &str, own: &str) -> String {
    if above.is_empty() { own.to_owned() } else { format!("{above}{}", own.strip_prefix('^').unwrap_or(own)) }
}
