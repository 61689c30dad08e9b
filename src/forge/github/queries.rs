//! The GraphQL texts. What comes from a pull request travels in variables, never in the text. A test validates each
//! against GitHub's schema.

use crate::model::id::Sha;

/// What is asked of every pull request.
const PULL_FACTS: &str = "
      number url state isDraft createdAt changedFiles headRefOid baseRefName baseRefOid
      author { __typename login }
      commits(last: 1) { nodes { commit { committedDate } } }";

const REPOSITORY_FACTS: &str = "databaseId name owner { login } defaultBranchRef { name }";

const BLOB_FACTS: &str = "... on Blob { oid byteSize isBinary isTruncated text }";

/// One pull request with the tip of its target and the policy file on it, our reviews and their comments: one request.
/// Variables: `owner`, `name`, `number`, `policy`.
pub fn pull() -> String {
    format!(
        "query Pull($owner: String!, $name: String!, $number: Int!, $policy: String!) {{
  repository(owner: $owner, name: $name) {{
    {REPOSITORY_FACTS}
    pullRequest(number: $number) {{{PULL_FACTS}
      baseRef {{ target {{ oid ... on Commit {{ file(path: $policy) {{ object {{ {BLOB_FACTS} }} }} }} }} }}
      reviews(first: 100) {{
        pageInfo {{ hasNextPage }}
        nodes {{
          fullDatabaseId state body
          author {{ __typename login }}
          comments(first: 50) {{ pageInfo {{ hasNextPage }} nodes {{ fullDatabaseId body }} }}
        }}
      }}
    }}
  }}
}}"
    )
}

/// Open pull requests on a page of [`open_pulls`].
pub const OPEN_PULLS: usize = 50;

/// Pages of the open pull requests of so many repositories, under the aliases `r0…`, and what it cost. Newest first:
/// nothing that happens to a pull request moves it to another page. One point of the rate limit for a hundred
/// repositories, because nothing below a pull request is a connection: its last commit as `commits(last: 1)` would be
/// one more for each. Variables: `o{i}`, `n{i}`, `a{i}` (owner, name, after which cursor).
pub fn open_pulls(repositories: usize) -> String {
    let (mut variables, mut fields) = (Vec::new(), String::new());
    for i in 0..repositories {
        variables.push(format!("$o{i}: String!, $n{i}: String!, $a{i}: String"));
        fields.push_str(&format!(
            "
  r{i}: repository(owner: $o{i}, name: $n{i}) {{
    {REPOSITORY_FACTS}
    pullRequests(first: {OPEN_PULLS}, after: $a{i}, states: OPEN, orderBy: {{field: CREATED_AT, direction: DESC}}) {{
      pageInfo {{ hasNextPage endCursor }}
      nodes {{
        number isDraft createdAt headRefOid baseRefName
        headRef {{ target {{ ... on Commit {{ committedDate }} }} }}
      }}
    }}
  }}"
        ));
    }
    format!("query OpenPulls({}) {{\n  rateLimit {{ cost }}{fields}\n}}", variables.join(", "))
}

/// How one file of a batch is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// By its blob: variable `o{i}`.
    Blob,
    /// As `commit:path`: variable `e{i}`.
    Expression,
}

/// A batch of files under the aliases `f0…`, with the commits they are read at under `c0…`: a commit that GitHub does
/// not have yet must not look like a file that is not there. With `pull`, where that pull request stands comes along.
/// Variables: `owner`, `name`, `number`, `c{i}`, `o{i}`, `e{i}`. No connection, hence one point of the rate limit.
pub fn files(objects: &[Object], commits: &[&Sha], pull: bool) -> String {
    let mut variables = String::from("$owner: String!, $name: String!");
    let mut fields = String::new();
    if pull {
        variables.push_str(", $number: Int!");
        fields.push_str("\n    pullRequest(number: $number) { headRefOid baseRefName state }");
    }
    for i in 0..commits.len() {
        variables.push_str(&format!(", $c{i}: GitObjectID!"));
        fields.push_str(&format!("\n    c{i}: object(oid: $c{i}) {{ oid }}"));
    }
    for (i, object) in objects.iter().enumerate() {
        let (variable, argument, kind) = match object {
            Object::Blob => ("o", "oid", "GitObjectID!"),
            Object::Expression => ("e", "expression", "String!"),
        };
        variables.push_str(&format!(", ${variable}{i}: {kind}"));
        fields.push_str(&format!("\n    f{i}: object({argument}: ${variable}{i}) {{ {BLOB_FACTS} }}"));
    }
    format!("query Files({variables}) {{\n  repository(owner: $owner, name: $name) {{{fields}\n  }}\n}}")
}
