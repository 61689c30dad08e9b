//! Gitea and Forgejo, one client.
