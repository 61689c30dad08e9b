//! What is known of expressions, told as one small shop.

use crate::project::Project;
use crate::project::django::instances::{Instances, Shape};
use crate::project::django::tests::project;

const MODELS: &str = "\
from django.conf import settings
from django.db import models

class Author(models.Model):
    name = models.CharField(max_length=9)

class Post(models.Model):
    author = models.ForeignKey(Author, models.CASCADE, related_name='posts')
    editor = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True)
    parent = models.OneToOneField('self', models.CASCADE, related_name='child')
    tags = models.ManyToManyField('shop.Tag')
    objects = models.Manager()
    live = LiveManager()

class Tag(models.Model):
    pass
";

/// Every `probe(expression)` of a file, with what is known of the expression.
fn probed(project: &Project, path: &str) -> Vec<(String, String)> {
    let module = project.module(path).unwrap().unwrap();
    let instances = Instances::new(project, path, &module);
    let probes = module.index().calls_of("probe");
    let told = probes.map(|call| {
        let argument = &call.node.arguments.args[0];
        let known = instances.of(argument, call.scope).unwrap();
        let said = known.map_or("?".to_owned(), |known| {
            let shape = match known.shape {
                Shape::Row => "row",
                Shape::Rows(_) => "rows",
                Shape::List(_) => "list",
                Shape::Manager(_) => "manager",
                Shape::Related(_) => "related",
                Shape::Pair => "pair",
            };
            format!("{shape} {}", known.model.name())
        });
        (module.source(argument).to_owned(), said)
    });
    told.collect()
}

/// The same of a function body that knows the shop.
fn told(body: &str) -> Vec<String> {
    let imports = "from django.shortcuts import get_object_or_404\nfrom django.contrib.auth import get_user_model\nfrom shop.models import Author, Post\n";
    let indented: String = body.lines().map(|line| format!("    {line}\n")).collect();
    let view = format!(
        "{imports}def view(request, pk, given, post: Post, maybe: 'Post | None' = None, one: Post | None = None):\n{indented}"
    );
    let files = [
        ("shop/__init__.py", ""),
        ("shop/models.py", MODELS),
        ("shop/migrations/__init__.py", ""),
        ("shop/migrations/0001_initial.py", "class Migration:\n    pass\n"),
        ("shop/views.py", view.as_str()),
    ];
    probed(&project(&files), "shop/views.py").into_iter().map(|(_, said)| said).collect()
}

#[test]
fn an_expression_is_what_its_model_and_its_methods_say() {
    for (expression, want) in [
        ("Post()", "row Post"),
        ("Post.objects", "manager Post"),
        ("Post.live", "manager Post"),
        ("Post.other", "?"),
        ("Post.objects.get(pk=1)", "row Post"),
        ("Post.objects.filter(a=1).order_by('b').first()", "row Post"),
        ("Post.objects.filter(a=1)[0]", "row Post"),
        ("Post.objects.all()[:5]", "rows Post"),
        ("Post.objects.live()", "?"),
        ("Post.objects.count()", "?"),
        ("Post.objects.values('a')", "rows Post"),
        ("Post.objects.values('a').first()", "?"),
        ("Post.objects.get_or_create(a=1)", "pair Post"),
        ("Post.objects.get_or_create(a=1)[0]", "row Post"),
        ("list(Post.objects.all())", "list Post"),
        ("get_object_or_404(Post, pk=pk)", "row Post"),
        ("get_object_or_404(Post.live.all(), pk=pk)", "row Post"),
        ("get_user_model().objects.get(pk=pk)", "row User"),
        ("request.user", "row User"),
        ("post", "row Post"),
        ("one", "row Post"),
        ("given", "?"),
        ("post.author", "row Author"),
        ("post.author.posts", "related Post"),
        ("post.parent.child", "row Post"),
        ("post.editor", "row User"),
        ("post.author_id", "?"),
        ("post.tags.all()", "rows Tag"),
        ("given or post", "?"),
        ("post if given else None", "row Post"),
        ("post if given else Author()", "?"),
    ] {
        assert_eq!(told(&format!("probe({expression})")), [want], "{expression}");
    }
}

#[test]
fn a_name_is_what_all_its_values_are() {
    for (body, want) in [
        ("a = Post()\nprobe(a)", "row Post"),
        ("a = None\nif given:\n    a = Post()\nprobe(a)", "row Post"),
        ("a = 1\nif given:\n    a = Post()\nprobe(a)", "?"),
        ("a = Post()\nif given:\n    a = a.pk\nprobe(a)", "?"),
        ("a = Author()\na = Post()\nprobe(a)", "row Post"),
        ("a = Post.objects.all()\na = a.filter(b=1)\nprobe(a)", "rows Post"),
        ("a, made = Post.objects.get_or_create(b=1)\nprobe(a)", "row Post"),
        ("a, made = Post.objects.get_or_create(b=1)\nprobe(made)", "?"),
        ("a = b = Post()\nprobe(a)", "row Post"),
        ("for a in Post.objects.all():\n    probe(a)", "row Post"),
        ("for a in given:\n    pass\nfor a in Post.objects.all():\n    probe(a)", "row Post"),
        ("for a in Post.objects.all():\n    if given:\n        a = a.pk\n    probe(a)", "?"),
        ("for a, b in Post.objects.all():\n    probe(a)", "?"),
        ("for n, a in enumerate(Post.objects.all()):\n    probe(a)", "row Post"),
        ("for a in Post.objects.values_list('b', flat=True):\n    probe(a)", "?"),
        ("[probe(a) for a in Post.objects.all()]", "row Post"),
        ("[probe(t) for a in Post.objects.all() for t in a.tags.all()]", "row Tag"),
        ("a = Post()\nf = lambda a: probe(a)", "?"),
        ("a = Post()\nf = lambda: probe(a)", "row Post"),
        ("with given as a:\n    a = Post()\n    probe(a)", "?"),
        ("a = b\nb = a\nprobe(a)", "?"),
        ("if (a := Post.objects.first()):\n    probe(a)", "row Post"),
    ] {
        assert_eq!(told(body), [want], "{body}");
    }
}

#[test]
fn names_that_lead_to_each_other_a_thousand_times_are_told_at_once() {
    let swaps = "if given:\n    a = b\n    b = a\n".repeat(2_000);
    assert_eq!(told(&format!("{swaps}probe(a)")), ["?"]);
    let grown = |times| format!("a = Post.objects.all()\n{}probe(a)", "a = a.filter(b=1)\n".repeat(times));
    assert_eq!(told(&grown(9)), ["rows Post"]);
    // Deeper than is followed.
    assert_eq!(told(&grown(90)), ["?"]);
}
