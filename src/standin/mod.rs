//! Stand-ins, stateful and stricter than the real ones: for `demo` and the tests only.

pub mod sample;
