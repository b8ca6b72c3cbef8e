//! The derives of vitae.
