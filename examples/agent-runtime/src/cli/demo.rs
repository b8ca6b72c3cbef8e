//! `demo`
use super::Failure;
pub(super) fn demo() -> Result<(), Failure> {
    Ok(())
}
