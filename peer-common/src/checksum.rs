//! Internet checksum arithmetic (RFC 1071, RFC 1624).

/// The checksum after one 16-bit word it covers changed from `old` to `new`, all
/// in host byte order: equation 3 of RFC 1624, which unlike its predecessor
/// (RFC 1141) never turns 0xffff into 0x0000 wrongly.
#[inline(always)]
pub const fn after_change(checksum: u16, old: u16, new: u16) -> u16 {
    // Three 16-bit terms: at most 0x2fffd, so two folds leave 16 bits.
    let sum = !checksum as u32 + !old as u32 + new as u32;
    let sum = (sum & 0xffff) + (sum >> 16);
    let sum = (sum & 0xffff) + (sum >> 16);
    !(sum as u16)
}

/// The checksum, as its bytes lie in the packet, after a 16-bit word it covers became so much
/// less: [`after_change`] where the difference is all there is to know. Sums are the same in
/// either byte order, turned (RFC 1071 section 2 (B)).
#[inline(always)]
pub const fn after_less(checksum: [u8; 2], less: [u8; 2]) -> [u8; 2] {
    let sum = u16::from_ne_bytes(checksum) as u32 + u16::from_ne_bytes(less) as u32;
    // What carries comes back at the other end, and there is no second zero.
    let sum = sum + (sum >= 0xffff) as u32;
    (sum as u16).to_ne_bytes()
}

/// `sum` and the 16-bit words of `bytes`, which are an even number and few enough for
/// 32 bits.
#[inline(always)]
pub const fn add<const N: usize>(mut sum: u32, bytes: &[u8; N]) -> u32 {
    let mut at = 0;
    while at + 1 < N {
        sum += (bytes[at] as u32) << 8 | bytes[at + 1] as u32;
        at += 2;
    }
    sum
}

/// The checksum of words that come to `sum`.
#[inline(always)]
pub const fn of(sum: u32) -> u16 {
    let sum = (sum & 0xffff) + (sum >> 16);
    let sum = (sum & 0xffff) + (sum >> 16);
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 1071, from scratch.
    fn full(words: &[u16]) -> u16 {
        let mut sum: u32 = words.iter().map(|word| u32::from(*word)).sum();
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !(sum as u16)
    }

    #[test]
    fn an_updated_checksum_is_the_recomputed_one_for_every_old_word() {
        for rest in [0x0000, 0x0001, 0x1234, 0x7fff, 0x8000, 0xfffe, 0xffff] {
            for old in 0..=u16::MAX {
                let new = old.wrapping_sub(0x100);
                // A header never sums to zero: version and length are in it.
                let words = |word| [0x4500, rest, word];
                assert_eq!(after_change(full(&words(old)), old, new), full(&words(new)));
            }
        }
    }

    #[test]
    fn a_word_that_becomes_less_leaves_the_recomputed_checksum() {
        for rest in [0x0000, 0x0001, 0x1234, 0x7fff, 0x8000, 0xfffe, 0xffff] {
            for (old, less) in (0x200..=u16::MAX).flat_map(|old| [(old, 1), (old, 2)]) {
                let checksum = |word| full(&[0x4500, rest, word]).to_be_bytes();
                let new = old - (u16::from(less) << 8);
                assert_eq!(after_less(checksum(old), [less, 0]), checksum(new));
            }
        }
    }

    #[test]
    fn words_added_piece_by_piece_give_the_checksum_of_the_whole() {
        let sum = add(add(0, &[0xff, 0xff, 0x12, 0x34]), &[0x80, 0x01]);
        assert_eq!(of(sum), full(&[0xffff, 0x1234, 0x8001]));
    }

    #[test]
    fn the_example_of_rfc_1624_section_4_comes_out() {
        assert_eq!(after_change(0xdd2f, 0x5555, 0x3285), 0x0000);
    }
}
