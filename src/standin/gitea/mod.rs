//! A stand-in Forgejo.
