//! Which Django project loads which app: the nearest above it, and those whose settings install it from elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::change::Path;
use crate::source::Tree;
use crate::source::tree::{above, file_name, folder, join};

use crate::project::django::apps::{App, Apps};
use crate::project::django::settings::{DjangoProject, Settings};

/// Entries of one `INSTALLED_APPS` that are looked at.
const MAX_ENTRIES: usize = 1_000;
/// Folders of one name that an entry is compared with.
const MAX_NAMESAKES: usize = 64;

impl Apps {
    /// Tells each app its projects, and leaves out the copies that none of them installs.
    pub(super) fn settle(&mut self, tree: &Tree, settings: &Settings) {
        let folders: BTreeSet<Path> = self.iter().map(|app| app.folder.clone()).collect();
        let places = Places::of(tree, &folders, &self.roots);
        let installs: Vec<_> = settings.projects().map(|p| (&p.root, places.installed_by(p))).collect();
        let closed = settings
            .projects()
            .filter(|project| settings.tell_all_apps(project) && places.hold_all_of(project));
        let closed: BTreeSet<Path> = closed.map(|project| project.root.clone()).collect();
        for app in self.by_package.values_mut() {
            app.projects = places.home(&app.folder).map(str::to_owned).into_iter().collect();
            for (root, installed) in &installs {
                let Some(surely) = installed.get(&app.folder) else { continue };
                app.projects.insert((*root).clone());
                if *surely {
                    app.installed.insert((*root).clone());
                }
            }
        }
        self.closed = closed;
        self.leave_out_copies(settings, &installs);
    }

    /// Django refuses two apps of one label: where a project surely installs one, another that no settings name is none.
    fn leave_out_copies(&mut self, settings: &Settings, installs: &[(&Path, Installed)]) {
        let mut installing: BTreeMap<&str, BTreeSet<&Path>> = BTreeMap::new();
        for app in self.iter() {
            installing.entry(&app.label).or_default().extend(&app.installed);
        }
        // Also an app without migrations, or whose migrations Git ignores, has its label.
        for (root, installed) in installs {
            for (at, _) in installed.iter().filter(|(_, surely)| **surely) {
                installing.entry(file_name(at)).or_default().insert(root);
            }
        }
        let is_second = |app: &&App| {
            let by = installing.get(app.label.as_str());
            let is_rival = |root: &&Path| app.projects.is_empty() || app.projects.contains(*root);
            by.is_some_and(|by| by.iter().any(is_rival))
                && !installs.iter().any(|(_, installed)| installed.contains_key(&app.folder))
        };
        let second = self.iter().filter(is_second).take(MAX_NAMESAKES);
        let copies: BTreeSet<Path> =
            second.filter(|app| !mentions(settings, &app.folder)).map(|app| app.migrations.clone()).collect();
        self.by_package.retain(|package, _| !copies.contains(package));
    }
}

/// The folders that a project installs; `true`: surely.
type Installed = BTreeMap<Path, bool>;

/// Do any settings name a folder by its last two parts, or by its only one?
fn mentions(settings: &Settings, at: &str) -> bool {
    let parts: Vec<&str> = at.rsplit('/').take(2).collect();
    match parts.as_slice() {
        [last, first] => settings.mention(&format!("{first}.{last}")),
        _ => ["\"", "'"].iter().any(|quote| settings.mention(&format!("{quote}{at}"))),
    }
}

/// Where the repository has folders that an entry of `INSTALLED_APPS` can mean.
struct Places<'a> {
    tree: &'a Tree,
    roots: &'a BTreeSet<Path>,
    folders: &'a BTreeSet<Path>,
    /// Folders of apps by their last component.
    named: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Places<'a> {
    fn of(tree: &'a Tree, folders: &'a BTreeSet<Path>, roots: &'a BTreeSet<Path>) -> Self {
        let mut named: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for at in folders {
            named.entry(file_name(at)).or_default().push(at);
        }
        Self { tree, roots, folders, named }
    }

    /// The root of the nearest project above a folder, or at it.
    fn home<'p>(&self, at: &'p str) -> Option<&'p str> {
        std::iter::once(at).chain(above(at)).find(|at| self.roots.contains(*at))
    }

    fn installed_by(&self, project: &DjangoProject) -> Installed {
        let mut installed = Installed::new();
        for entry in project.installed_apps().iter().take(MAX_ENTRIES) {
            let found = self.meant(&project.root, entry);
            let surely = found.len() == 1;
            for at in found {
                *installed.entry(at).or_default() |= surely;
            }
        }
        installed
    }

    /// Is every app of a project Django's, or surely one of the repository?
    fn hold_all_of(&self, project: &DjangoProject) -> bool {
        let entries = project.installed_apps();
        let is_known =
            |entry: &String| entry.starts_with("django.") || self.meant(&project.root, entry).len() == 1;
        entries.len() <= MAX_ENTRIES && entries.iter().all(is_known)
    }

    /// What an entry leads to, nearest first: from the project's root as Python does, below it where more folders stand
    /// on the path, from the folders above it, or somewhere that is no other project's.
    fn meant(&self, root: &str, entry: &str) -> Vec<Path> {
        let is_class = entry.rsplit('.').next().is_some_and(|last| last.starts_with(char::is_uppercase));
        let module = if is_class { folder_of_dotted(entry) } else { entry };
        let module = module.replace('.', "/");
        if module.is_empty() {
            return Vec::new();
        }
        if let Some(at) = self.package(root, &module, is_class) {
            return vec![at];
        }
        let below = self.alike(&module, is_class, |at| is_below(at, root));
        if !below.is_empty() {
            return below;
        }
        let higher = above(root).filter(|_| !root.is_empty());
        if let Some(at) = higher.into_iter().find_map(|at| self.package(at, &module, is_class)) {
            return vec![at];
        }
        self.alike(&module, is_class, |at| self.home(at).is_none_or(|home| is_below(root, home)))
    }

    /// The package of a module in a folder: itself, or the folder around a module that holds a config.
    fn package(&self, base: &str, module: &str, is_class: bool) -> Option<Path> {
        let at = join(base, module);
        if is_class && self.tree.contains(&format!("{at}.py")) {
            return Some(folder(&at).to_owned());
        }
        let is_package = self.folders.contains(&at) || self.tree.contains(&join(&at, "__init__.py"));
        is_package.then_some(at)
    }

    /// Apps whose folders end as the module says.
    fn alike(&self, module: &str, is_class: bool, is_fit: impl Fn(&str) -> bool) -> Vec<Path> {
        let ends: Vec<&str> = if is_class { vec![folder(module), module] } else { vec![module] };
        let ending = |end: &str| {
            let named = self.named.get(file_name(end)).map_or(&[][..], Vec::as_slice);
            let end = format!("/{end}");
            let fits = named.iter().take(MAX_NAMESAKES).filter(|at| at.ends_with(&end) && is_fit(at));
            fits.map(|at| (*at).to_owned()).collect::<Vec<_>>()
        };
        ends.into_iter()
            .filter(|end| !end.is_empty())
            .map(ending)
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }
}

fn is_below(path: &str, root: &str) -> bool {
    root.is_empty() || path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'))
}

/// `blog.apps.BlogConfig` → `blog.apps`
fn folder_of_dotted(entry: &str) -> &str {
    entry.rsplit_once('.').map_or("", |(module, _)| module)
}
