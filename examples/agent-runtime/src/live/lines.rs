//! Lines of a bounded length, from a reader that nobody vouches for.

use std::io::{self, BufRead};

/// What was read.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Line {
    /// A whole line, without its line feed.
    Whole(Vec<u8>),
    /// A line that is longer than the bound: it was read and dropped.
    TooLong,
    /// There is no further line.
    End,
}

/// Reads the next line, of which no more than `longest` bytes are kept.
pub(crate) fn next_line(reader: &mut impl BufRead, longest: usize) -> io::Result<Line> {
    let (mut line, mut too_long, mut any) = (Vec::new(), false, false);
    loop {
        let buffer = match reader.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            buffer => buffer?,
        };
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
        any |= !buffer.is_empty();
        too_long |= line.len().saturating_add(part.len()) > longest;
        if !too_long {
            line.extend_from_slice(part);
        }
        let (read, at_end) =
            (end.map_or(part.len(), |end| end.saturating_add(1)), buffer.is_empty());
        reader.consume(read);
        if end.is_some() || at_end {
            return Ok(match (any, too_long) {
                (false, _) => Line::End,
                (true, true) => Line::TooLong,
                (true, false) => Line::Whole(line),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_too_long_is_dropped_and_the_next_one_read() {
        let mut reader = io::BufReader::with_capacity(3, &b"one\nlonger line\n\nlast"[..]);
        let mut next = || next_line(&mut reader, 5).unwrap();
        assert_eq!(next(), Line::Whole(b"one".to_vec()));
        assert_eq!(next(), Line::TooLong);
        assert_eq!(next(), Line::Whole(Vec::new()));
        assert_eq!(next(), Line::Whole(b"last".to_vec()));
        assert_eq!(next(), Line::End);
    }
}
