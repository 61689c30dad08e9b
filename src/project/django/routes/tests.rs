//! Routes beside Django's own `reverse` and `resolve`: `tests/data/routes.json`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::tree::Routes;
use crate::project::django::tests::project;

#[derive(Deserialize)]
struct Table {
    views: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    situation: String,
    files: BTreeMap<String, String>,
    django: Vec<Match>,
}

/// What Django says of a URL.
#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Match {
    name: String,
    route: String,
    parameters: Vec<String>,
    view: String,
}

#[test]
fn routes_are_what_django_resolves() {
    let table: Table = serde_json::from_str(include_str!("../../../../tests/data/routes.json")).unwrap();
    assert!(table.cases.len() >= 12);
    for case in table.cases {
        let given = [
            ("settings.py", "ROOT_URLCONF = 'urls'\n"),
            ("blog/__init__.py", ""),
            ("api/__init__.py", ""),
            ("blog/views.py", table.views.as_str()),
        ];
        let own = case.files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        let files: Vec<(&str, &str)> = given.into_iter().chain(own).collect();
        let routes = project(&files).fact::<Routes>(&()).unwrap();
        assert!(routes.is_complete() && routes.is_rooted(), "{}", case.situation);
        let found = routes.iter().map(|route| {
            let mut parameters: Vec<_> = route.above.parameters.iter().map(|p| p.name.clone()).collect();
            parameters.sort();
            let view = &route.view;
            let module = view.path.as_deref().unwrap().trim_end_matches(".py").replace('/', ".");
            Match {
                name: route.full_name().unwrap(),
                route: route.above.route.clone().unwrap(),
                parameters,
                view: format!("{module}.{}", view.name),
            }
        });
        let (mut found, mut want) = (found.collect::<Vec<_>>(), case.django);
        found.sort();
        want.sort();
        assert_eq!(found, want, "{}", case.situation);
    }
}

#[test]
fn modules_that_include_each_other_and_lists_that_double_end() {
    let doubled: String = (0..60).map(|n| format!("a{} = a{n} + a{n}\n", n + 1)).collect();
    let urls = format!(
        "from django.urls import include, path\na0 = []\n{doubled}urlpatterns = a60 + [path('x/', include('urls')), path('y/', include('blog.urls'))]\n"
    );
    let blog = "from django.urls import include, path\nurlpatterns = [path('z/', include('urls')), path('', f, name='f')]\n";
    let files =
        [("settings.py", "ROOT_URLCONF = 'urls'\n"), ("urls.py", urls.as_str()), ("blog/urls.py", blog)];
    let routes = project(&files).fact::<Routes>(&()).unwrap();
    assert_eq!(routes.iter().filter_map(|route| route.above.route.clone()).collect::<Vec<_>>(), ["y/"]);
}
