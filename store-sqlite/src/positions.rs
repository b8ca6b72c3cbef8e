//! Lists of positions, as bytes.
//!
//! Owns the encoding, which is part of the format: the seal of what follows (`seal.rs`), then each position
//! as what it is more than the one before, LEB128. Nothing is the empty byte string. Never trusts what it
//! reads.

use vitae::store::Damage;

use crate::body::{Rest, push_number};
use crate::seal;

/// Encodes positions, none smaller than the one before.
pub(crate) fn encode(positions: &[u64]) -> Vec<u8> {
    if positions.is_empty() {
        return Vec::new();
    }
    let mut bytes = vec![0; 4];
    let mut before = 0;
    for position in positions {
        push_number(&mut bytes, position.saturating_sub(before));
        before = *position;
    }
    if let Some((sum, rest)) = bytes.split_first_chunk_mut::<4>() {
        *sum = seal::index(rest);
    }
    bytes
}

/// Decodes positions.
pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<u64>, Damage> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    checked(bytes).ok_or_else(|| Damage::elsewhere("a list of positions does not fit its checksum"))
}

fn checked(bytes: &[u8]) -> Option<Vec<u64>> {
    let (sum, rest) = bytes.split_first_chunk::<4>()?;
    if *sum != seal::index(rest) {
        return None;
    }
    let mut positions = Vec::new();
    let (mut rest, mut position) = (Rest(rest), 0_u64);
    while !rest.0.is_empty() {
        position = position.checked_add(rest.number()?)?;
        positions.push(position);
    }
    Some(positions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encoded_comes_back_and_no_flip_is_taken() {
        let positions = [1, 2, 200, 70_000, u64::from(u32::MAX), u64::MAX / 2];
        let bytes = encode(&positions);
        assert_eq!(decode(&bytes).unwrap(), positions);
        assert_eq!(decode(&encode(&[])).unwrap(), [0; 0]);
        for offset in 0..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[offset] ^= 1 << bit;
                assert!(decode(&damaged).is_err());
            }
        }
    }
}
