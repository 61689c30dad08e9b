//! Calls that leave the house: HTTP, mail, storage, payment.

use ruff_python_ast::Expr;

use crate::syntax::python::{Call, Module};

/// What a task may call, and the errors that it should retry on.
pub(super) struct Service {
    /// As their code writes it: `requests.post`.
    pub(super) written: String,
    pub(super) errors: &'static str,
}

const VERBS: &[&str] = &["get", "post", "put", "patch", "delete", "head", "options", "request", "stream"];

/// Functions that connect when they are called: module, names, errors.
const FUNCTIONS: &[(&str, &[&str], &str)] = &[
    ("requests", VERBS, "requests.RequestException"),
    ("requests.api", VERBS, "requests.RequestException"),
    ("httpx", VERBS, "httpx.HTTPError"),
    ("urllib.request", &["urlopen", "urlretrieve"], "OSError"),
    ("smtplib", &["SMTP", "SMTP_SSL"], "OSError"),
    ("ftplib", &["FTP", "FTP_TLS"], "OSError"),
    ("socket", &["create_connection"], "OSError"),
    ("django.core.mail", &["send_mail", "send_mass_mail", "mail_admins", "mail_managers"], "OSError"),
];

/// What connects when a method of it is called: the class or maker, the methods that do (empty: all), errors.
const CLIENTS: &[(&str, &[&str], &str)] = &[
    ("requests.Session", VERBS, "requests.RequestException"),
    ("requests.session", VERBS, "requests.RequestException"),
    ("requests.sessions.Session", VERBS, "requests.RequestException"),
    ("httpx.Client", VERBS, "httpx.HTTPError"),
    ("boto3.client", &[], "botocore.exceptions.ClientError"),
    ("boto3.resource", &[], "botocore.exceptions.ClientError"),
    ("openai.OpenAI", &["create", "parse"], "openai.APIError"),
    ("anthropic.Anthropic", &["create", "stream"], "anthropic.APIError"),
    ("paramiko.SSHClient", &["connect"], "OSError"),
    ("paramiko.client.SSHClient", &["connect"], "OSError"),
    ("django.core.mail.EmailMessage", &["send"], "OSError"),
    ("django.core.mail.EmailMultiAlternatives", &["send"], "OSError"),
    ("django.core.mail.message.EmailMessage", &["send"], "OSError"),
    ("django.core.mail.message.EmailMultiAlternatives", &["send"], "OSError"),
];

/// Methods of stripe's and openai's classes that ask their servers.
const REQUESTS: &[&str] =
    &["create", "retrieve", "list", "modify", "update", "delete", "cancel", "confirm", "search"];

/// The service that a call surely asks.
pub(super) fn asked(module: &Module, call: &Call<'_>) -> Option<Service> {
    let errors = by_name(module, &call.node.func).or_else(|| by_client(module, &call.node.func))?;
    let written = module.source(&*call.node.func).split_whitespace().collect();
    Some(Service { written, errors })
}

fn by_name(module: &Module, callee: &Expr) -> Option<&'static str> {
    let name = module.qualified(callee)?;
    let (home, last) = name.split()?;
    if let Some((.., errors)) = FUNCTIONS.iter().find(|(of, names, _)| home == *of && names.contains(&last)) {
        return Some(errors);
    }
    let asks = name.segments().len() > 2 && REQUESTS.contains(&last);
    match name.first() {
        "stripe" if asks => Some("stripe.error.StripeError"),
        "openai" if asks && last == "create" => Some("openai.APIError"),
        _ => None,
    }
}

/// `boto3.client("s3").upload_file(…)`, and the same through a name that is given once.
fn by_client(module: &Module, callee: &Expr) -> Option<&'static str> {
    let method = callee.as_attribute_expr()?;
    let mut root = &*method.value;
    while let Expr::Attribute(attribute) = root {
        root = &attribute.value;
    }
    let made = match root {
        Expr::Name(name) => module.index().held_once(name)?,
        other => other,
    };
    let maker = module.qualified(&made.as_call_expr()?.func)?;
    let (_, methods, errors) = CLIENTS.iter().find(|(name, ..)| maker == *name)?;
    (methods.is_empty() || methods.contains(&method.attr.as_str())).then_some(errors)
}
