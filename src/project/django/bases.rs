//! Classes of Django and of well-known packages that people derive from, and what they bring. A base that is not here
//! may bring anything.

/// A base class from elsewhere.
#[derive(Debug)]
pub struct Base {
    pub name: &'static str,
    pub is_model: bool,
    /// It has a table of its own, which a class that derives from it joins.
    pub is_concrete: bool,
    pub fields: &'static [&'static str],
    pub methods: &'static [&'static str],
}

/// Looks a base up by its dotted name, whichever of its modules it was imported from.
pub fn find(name: &str) -> Option<&'static Base> {
    BASES.iter().find(|base| base.name == name)
}

const STR: &[&str] = &["__str__"];

const fn model(
    name: &'static str,
    fields: &'static [&'static str],
    methods: &'static [&'static str],
) -> Base {
    Base { name, is_model: true, is_concrete: false, fields, methods }
}

const fn table(
    name: &'static str,
    fields: &'static [&'static str],
    methods: &'static [&'static str],
) -> Base {
    Base { name, is_model: true, is_concrete: true, fields, methods }
}

const fn plain(name: &'static str) -> Base {
    Base { name, is_model: false, is_concrete: false, fields: &[], methods: &[] }
}

const USER: &[&str] = &[
    "password",
    "last_login",
    "is_superuser",
    "groups",
    "user_permissions",
    "username",
    "first_name",
    "last_name",
    "email",
    "is_staff",
    "is_active",
    "date_joined",
];
const PAGE: &[&str] = &[
    "path",
    "depth",
    "numchild",
    "title",
    "draft_title",
    "slug",
    "content_type",
    "live",
    "has_unpublished_changes",
    "url_path",
    "owner",
    "seo_title",
    "show_in_menus",
    "search_description",
    "go_live_at",
    "expire_at",
    "expired",
    "locked",
    "locked_at",
    "locked_by",
    "first_published_at",
    "last_published_at",
    "latest_revision_created_at",
    "live_revision",
    "alias_of",
    "translation_key",
    "locale",
    "latest_revision",
];

/// Each with the fields and methods that bear on a rule, as its package declares them.
static BASES: &[Base] = &[
    model("django.db.models.Model", &[], &[]),
    model("django.db.models.base.Model", &[], &[]),
    model("django.contrib.gis.db.models.Model", &[], &[]),
    // https://github.com/django/django/blob/5.2/django/contrib/auth/models.py
    model("django.contrib.auth.models.AbstractUser", USER, STR),
    model("django.contrib.auth.models.AbstractBaseUser", &["password", "last_login"], STR),
    model("django.contrib.auth.base_user.AbstractBaseUser", &["password", "last_login"], STR),
    model(
        "django.contrib.auth.models.PermissionsMixin",
        &["is_superuser", "groups", "user_permissions"],
        &[],
    ),
    table("django.contrib.auth.models.User", USER, STR),
    table("django.contrib.auth.models.Group", &["name", "permissions"], STR),
    table("django.contrib.auth.models.Permission", &["name", "content_type", "codename"], STR),
    table("django.contrib.sites.models.Site", &["domain", "name"], STR),
    table(
        "django.contrib.flatpages.models.FlatPage",
        &["url", "title", "content", "sites"],
        &["__str__", "get_absolute_url"],
    ),
    model(
        "django.contrib.sessions.base_session.AbstractBaseSession",
        &["session_key", "session_data", "expire_date"],
        STR,
    ),
    model(
        "django.contrib.sessions.models.AbstractBaseSession",
        &["session_key", "session_data", "expire_date"],
        STR,
    ),
    // https://github.com/jazzband/django-model-utils/blob/5.0.0/model_utils/models.py
    model("model_utils.models.TimeStampedModel", &["created", "modified"], &[]),
    model("model_utils.models.TimeFramedModel", &["start", "end"], &[]),
    model("model_utils.models.StatusModel", &["status", "status_changed"], &[]),
    model("model_utils.models.SoftDeletableModel", &["is_removed"], &[]),
    model("model_utils.models.UUIDModel", &["id"], &[]),
    // https://github.com/django-extensions/django-extensions/blob/4.1/django_extensions/db/models.py
    model("django_extensions.db.models.TimeStampedModel", &["created", "modified"], &[]),
    model("django_extensions.db.models.TitleDescriptionModel", &["title", "description"], &[]),
    model("django_extensions.db.models.TitleSlugDescriptionModel", &["title", "slug", "description"], &[]),
    model("django_extensions.db.models.ActivatorModel", &["status", "activate_date", "deactivate_date"], &[]),
    model("mptt.models.MPTTModel", &[], &[]),
    model("treebeard.mp_tree.MP_Node", &["path", "depth", "numchild"], &[]),
    model("treebeard.ns_tree.NS_Node", &["lft", "rgt", "tree_id", "depth"], &[]),
    model("treebeard.al_tree.AL_Node", &[], &[]),
    model("polymorphic.models.PolymorphicModel", &["polymorphic_ctype"], &[]),
    model("polymorphic.PolymorphicModel", &["polymorphic_ctype"], &[]),
    model("parler.models.TranslatableModel", &[], &[]),
    model("modelcluster.models.ClusterableModel", &[], &[]),
    table("wagtail.models.Page", PAGE, &["__str__", "get_absolute_url"]),
    table("wagtail.core.models.Page", PAGE, &["__str__", "get_absolute_url"]),
    model("wagtail.models.Orderable", &["sort_order"], &[]),
    model("wagtail.core.models.Orderable", &["sort_order"], &[]),
    model(
        "wagtail.models.DraftStateMixin",
        &[
            "live",
            "has_unpublished_changes",
            "first_published_at",
            "last_published_at",
            "live_revision",
            "go_live_at",
            "expire_at",
            "expired",
        ],
        &[],
    ),
    model("wagtail.models.RevisionMixin", &["latest_revision"], &[]),
    model("wagtail.models.TranslatableMixin", &["translation_key", "locale"], &[]),
    model("taggit.models.TagBase", &["name", "slug"], STR),
    model("taggit.models.TaggedItemBase", &["tag"], STR),
    model("taggit.models.GenericTaggedItemBase", &["content_type", "object_id"], STR),
    model("taggit.models.ItemBase", &[], STR),
    model("solo.models.SingletonModel", &[], &[]),
    model("ordered_model.models.OrderedModel", &["order"], &[]),
    model("ordered_model.models.OrderedModelBase", &[], &[]),
    plain("object"),
    plain("abc.ABC"),
    plain("typing.Generic"),
    plain("typing.Protocol"),
    plain("django_prometheus.models.ExportModelOperationsMixin"),
    plain("django_fsm.FSMModelMixin"),
    plain("dirtyfields.DirtyFieldsMixin"),
    plain("model_utils.tracker.FieldTracker"),
];
