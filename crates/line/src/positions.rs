//! Places in the line: a place is the number of lower sequences that still wait, plus one.
//!
//! A bitmap of the sequences that wait, and a Fenwick tree over the counts of its 64-bit words: joining, leaving and
//! asking cost nanoseconds, and a million fans cost 190 KB.

/// The highest sequence a line takes: its bitmap is then 16 MiB, in the store as in a node.
pub const SEQUENCE_MAX: u64 = (1 << 27) - 1;

const WORD_BITS: u64 = 64;

/// Who waits, by sequence.
///
/// Invariant: the place of a sequence never goes up, because sequences only ever join above all others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Positions {
    words: Vec<u64>,
    /// Fenwick tree: entry `i` (counted from 1) sums the words `i - lowbit(i) + 1 ..= i`.
    sums: Vec<u32>,
    size: u64,
    highest: u64,
}

impl Positions {
    /// Reads a bitmap as Redis keeps it: the first bit is the highest of the first byte. `highest` is the last sequence
    /// that was given out, whether it still waits or not.
    #[must_use]
    pub fn from_bitmap(bytes: &[u8], highest: u64) -> Self {
        let mut positions = Self {
            highest,
            ..Self::default()
        };
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            for (to, from) in word.iter_mut().zip(chunk) {
                *to = from.reverse_bits();
            }
            positions.push_word(u64::from_le_bytes(word));
        }
        positions
    }

    /// `sequence` joins. Says whether it was not there before (and is in range).
    pub fn join(&mut self, sequence: u64) -> bool {
        let Some(index) = word_index(sequence) else {
            return false;
        };
        while self.words.len() <= index {
            self.push_word(0);
        }
        self.highest = self.highest.max(sequence);
        let Some(word) = self.words.get_mut(index) else {
            return false;
        };
        if *word & bit(sequence) != 0 {
            return false;
        }
        *word |= bit(sequence);
        self.size += 1;
        self.change(index, |sum| sum.saturating_add(1));
        true
    }

    /// `sequence` leaves the line: admitted, gone or dropped. Says whether it was there.
    pub fn leave(&mut self, sequence: u64) -> bool {
        let Some(index) = word_index(sequence) else {
            return false;
        };
        let Some(word) = self.words.get_mut(index) else {
            return false;
        };
        if *word & bit(sequence) == 0 {
            return false;
        }
        *word &= !bit(sequence);
        self.size -= 1;
        self.change(index, |sum| sum.saturating_sub(1));
        true
    }

    /// Everybody leaves at once: the line has closed.
    pub fn clear(&mut self) {
        *self = Self {
            highest: self.highest,
            ..Self::default()
        };
    }

    /// The place of `sequence`, 1 for who is next; `None` if it does not wait.
    #[must_use]
    pub fn position(&self, sequence: u64) -> Option<u64> {
        let index = word_index(sequence)?;
        let word = self.words.get(index)?;
        if word & bit(sequence) == 0 {
            return None;
        }
        let lower_in_word = u64::from((word & (bit(sequence) - 1)).count_ones());
        Some(self.waiting_before(index) + lower_in_word + 1)
    }

    /// How many wait.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether `sequence` was given out so late that this picture of the line does not know of it yet.
    #[must_use]
    pub fn has_not_seen(&self, sequence: u64) -> bool {
        sequence > self.highest
    }

    fn waiting_before(&self, index: usize) -> u64 {
        let mut at = index;
        let mut total = 0;
        while at > 0 {
            total += self.sums.get(at - 1).map_or(0, |sum| u64::from(*sum));
            at -= low_bit(at);
        }
        total
    }

    fn change(&mut self, index: usize, step: impl Fn(u32) -> u32) {
        let mut at = index + 1;
        while let Some(sum) = self.sums.get_mut(at - 1) {
            *sum = step(*sum);
            at += low_bit(at);
        }
    }

    fn push_word(&mut self, word: u64) {
        let at = self.sums.len() + 1;
        let start = at - low_bit(at);
        let mut sum = word.count_ones();
        let mut part = at - 1;
        while part > start {
            sum = sum.saturating_add(self.sums.get(part - 1).copied().unwrap_or_default());
            part -= low_bit(part);
        }
        self.words.push(word);
        self.sums.push(sum);
        self.size += u64::from(word.count_ones());
    }
}

fn word_index(sequence: u64) -> Option<usize> {
    if sequence > SEQUENCE_MAX {
        return None;
    }
    usize::try_from(sequence / WORD_BITS).ok()
}

fn bit(sequence: u64) -> u64 {
    1 << (sequence % WORD_BITS)
}

fn low_bit(number: usize) -> usize {
    number & number.wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_close_up_when_somebody_ahead_leaves() {
        let mut line = Positions::default();
        for sequence in 1..=200 {
            assert!(line.join(sequence));
        }
        assert_eq!(line.position(200), Some(200));

        assert!(line.leave(1));
        assert!(line.leave(100));
        assert_eq!(line.position(200), Some(198));
        assert_eq!(line.position(99), Some(98));
        assert_eq!(line.position(100), None);
        assert_eq!(line.size(), 198);
    }

    #[test]
    fn a_repeated_join_or_departure_changes_nothing() {
        let mut line = Positions::default();
        assert!(line.join(7));
        assert!(!line.join(7));
        assert!(line.leave(7));
        assert!(!line.leave(7));
        assert_eq!(line.size(), 0);
    }

    #[test]
    fn a_redis_bitmap_is_read_from_the_highest_bit_of_each_byte() {
        // SETBIT 1, SETBIT 8, SETBIT 71
        let line = Positions::from_bitmap(&[0b0100_0000, 0b1000_0000, 0, 0, 0, 0, 0, 0, 0b0000_0001], 71);
        assert_eq!(line.position(1), Some(1));
        assert_eq!(line.position(8), Some(2));
        assert_eq!(line.position(71), Some(3));
        assert_eq!(line.position(2), None);
        assert!(line.has_not_seen(72));
        assert!(!line.has_not_seen(71));
    }

    #[test]
    fn a_sequence_out_of_range_takes_no_place_and_no_memory() {
        let mut line = Positions::default();
        assert!(!line.join(SEQUENCE_MAX + 1));
        assert!(!line.leave(u64::MAX));
        assert_eq!(line.position(u64::MAX), None);
    }
}
