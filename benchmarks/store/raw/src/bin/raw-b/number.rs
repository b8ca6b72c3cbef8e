//! Numbers that take no more bytes than they need, LEB128, and lists of positions out of these.

use store_jobs::Failure;

pub fn write(mut number: u64, into: &mut Vec<u8>) {
    while number >= 0x80 {
        into.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    into.push(number.to_le_bytes()[0]);
}

/// Takes a number off.
pub fn read(bytes: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if *byte < 0x80 {
            return Some(number);
        }
        shift += 7;
    }
}

/// Lets numbers near 0 be small, whatever their sign.
pub fn fold(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}

pub fn unfold(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// Each position as what it is more than the one before.
pub fn write_list(positions: &[i64]) -> Vec<u8> {
    let (mut bytes, mut before) = (Vec::new(), 0);
    for position in positions {
        write((position - before).cast_unsigned(), &mut bytes);
        before = *position;
    }
    bytes
}

pub fn read_list(mut bytes: &[u8]) -> Result<Vec<i64>, Failure> {
    let (mut positions, mut position) = (Vec::new(), 0);
    while !bytes.is_empty() {
        position += read(&mut bytes).ok_or("a list of positions is cut off")?.cast_signed();
        positions.push(position);
    }
    Ok(positions)
}
