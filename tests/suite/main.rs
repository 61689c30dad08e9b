//! Every story about the house, in one binary.

mod store;
