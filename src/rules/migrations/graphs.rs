//! The graphs of migrations that a change may alter, one for each Django project that it touches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::change::Path;
use crate::model::finding::Place;
use crate::project::django::apps::{App, MigrationName, is_test_only, may_move_migrations};
use crate::project::django::settings::{Settings, is_settings};
use crate::project::migrations::loaded::{File, Loaded, Scope};
use crate::project::migrations::loader::Entry;
use crate::rules::Context;
use crate::source::tree::{folder, join};
use crate::source::{NotLoaded, Text, snapshot::both};
use crate::syntax::python::Module;

/// Graphs of one change; a repository has a few projects.
const MAX_GRAPHS: usize = 32;

pub(super) const USER_MODEL: &str = "AUTH_USER_MODEL";

/// The migrations of one project on the side that is judged.
pub(super) struct Touched {
    /// The project's folder; several where an app belongs to several, none where nobody knows.
    pub(super) roots: Vec<Path>,
    pub(super) loaded: Arc<Loaded>,
    /// Apps with a changed file.
    pub(super) apps: Vec<App>,
    /// Labels of those that the target changed as well: only Git's merge knows what they hold.
    contested: BTreeSet<String>,
}

impl Touched {
    /// Is the merged result of its app known?
    pub(super) fn is_known(&self, name: &MigrationName) -> bool {
        self.is_known_app(&name.app)
    }

    pub(super) fn is_known_app(&self, label: &str) -> bool {
        !self.contested.contains(label)
    }

    /// A migration's file, with its text understood; `None` of others, or of one that is taken out.
    pub(super) fn source(
        &self,
        context: &Context<'_>,
        name: &MigrationName,
    ) -> Result<Option<(&File, Arc<Module>)>, NotLoaded> {
        let Some(file) = self.loaded.file(name).filter(|file| !(context.excluded)(&file.path)) else {
            return Ok(None);
        };
        Ok(context.here.module(&file.path)?.map(|module| (file, module)))
    }

    /// Where something is declared.
    pub(super) fn place(&self, context: &Context<'_>, entry: &Entry) -> Result<Option<Place>, NotLoaded> {
        let source = self.source(context, &entry.by)?;
        Ok(source.and_then(|(file, module)| {
            let span = module.span(&file.links.at(entry)?.range);
            Some(Place::Head { path: file.path.clone(), span })
        }))
    }

    /// The class of a migration.
    pub(super) fn class(
        &self,
        context: &Context<'_>,
        name: &MigrationName,
    ) -> Result<Option<Place>, NotLoaded> {
        let source = self.source(context, name)?;
        Ok(source.and_then(|(file, module)| {
            Some(Place::Head { path: file.path.clone(), span: module.span(&file.links.class?) })
        }))
    }
}

/// Nothing when the change has nothing to do with migrations: then none needs to be read.
pub(super) fn touched(context: &Context<'_>) -> Result<Vec<Touched>, NotLoaded> {
    let paths = || context.change.files.iter().flat_map(|f| f.head_path().into_iter().chain(f.base_path()));
    if !paths().any(may_move_migrations) {
        return Ok(Vec::new());
    }
    let ((apps, after), switched) = both(both(context.here.apps(), context.head.apps()), switched(context))?;
    let packages: BTreeSet<&str> = paths().filter(|path| !(context.excluded)(path)).map(folder).collect();
    let mut scopes: BTreeMap<Scope, Vec<App>> =
        switched.into_iter().map(|scope| (scope, Vec::new())).collect();
    let is_touched = |app: &&App| {
        packages.contains(app.migrations.as_str()) && !is_test_only(&join(&app.migrations, "x.py"))
    };
    for app in apps.iter().filter(is_touched) {
        scopes.entry(Scope::around(&apps, app)).or_default().push(app.clone());
    }
    // The project of a new app has faults on the target too: those of its other apps are not new.
    for app in after.iter().filter(is_touched) {
        scopes.entry(Scope::around(&after, app)).or_default();
    }
    let read = scopes.into_iter().take(MAX_GRAPHS).map(|(scope, apps)| {
        let contested = apps.iter().map(|app| Ok((app, is_contested(context, app)?)));
        let (contested, loaded) = both(NotLoaded::all(contested), context.here.fact::<Loaded>(&scope))?;
        let contested =
            contested.into_iter().filter(|(_, is)| *is).map(|(app, _)| app.label.clone()).collect();
        Ok(Touched { roots: scope.roots, loaded, apps, contested })
    });
    NotLoaded::all(read)
}

/// The projects whose user model is another one since this change.
fn switched(context: &Context<'_>) -> Result<Vec<Scope>, NotLoaded> {
    let (before, after) = both(context.merge_base.fact::<Settings>(&()), context.head.fact::<Settings>(&()))?;
    let scopes = after.projects().map(|project| Scope::of_project(&project.root));
    let is_switched = |scope: &Scope| {
        let models = before.model(USER_MODEL, &scope.roots).zip(after.model(USER_MODEL, &scope.roots));
        models.is_some_and(|(old, new)| old != new)
    };
    Ok(scopes.filter(is_switched).collect())
}

/// The changed line of the settings that names the user model.
pub(super) fn user_model(context: &Context<'_>) -> Result<Option<Place>, NotLoaded> {
    if switched(context)?.is_empty() {
        return Ok(None);
    }
    let settings = context.files().filter(|file| is_settings(file.path));
    let read = settings.map(|file| Ok((file.path, context.here.module(file.path)?)));
    let found = NotLoaded::all(read)?.into_iter().find_map(|(path, module)| {
        let module = module?;
        let span = module.span(module.assigned(USER_MODEL)?);
        Some(Place::Head { path: path.to_owned(), span })
    });
    Ok(found)
}

/// Was a touched file of the app changed on the target meanwhile, differently? Then only Git's merge knows what the
/// result is, and the graph rules do not guess.
fn is_contested(context: &Context<'_>, app: &App) -> Result<bool, NotLoaded> {
    let shared = context.change.files.iter().filter_map(|file| Some((file, file.base_path()?)));
    let own = shared.filter(|(_, path)| folder(path) == app.migrations);
    let judged = own.map(|(file, path)| {
        let (tip, base) = both(context.target_tip.text(path), context.merge_base.text(path))?;
        let head = file.head_path().map_or(Ok(None), |path| context.head.text(path))?;
        let text = |text: &Option<Text>| text.as_ref().map(|t| t.as_str().to_owned());
        Ok(text(&tip) != text(&base) && text(&tip) != text(&head))
    });
    Ok(NotLoaded::all(judged)?.contains(&true))
}
