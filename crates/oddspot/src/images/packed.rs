//! Samples of any number of bits, packed one behind the other.

/// The samples of rows, each of which begins at a byte; the highest bits come first.
pub(super) fn unpack(rows: &[u8], samples_of_row: usize, bits: u8) -> impl Iterator<Item = u16> {
    let bits = usize::from(bits.clamp(1, 16));
    let bytes_of_row = (samples_of_row * bits).div_ceil(8).max(1);
    rows.chunks(bytes_of_row).flat_map(move |row| {
        (0..samples_of_row).map(move |sample| {
            let first = sample * bits;
            // Three bytes hold any sample, wherever it begins.
            let window = (0..3).fold(0_u32, |window, next| {
                window << 8 | u32::from(row.get(first / 8 + next).copied().unwrap_or(0))
            });
            (window << (8 + first % 8) >> (32 - bits)) as u16
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_bits_comes_back() {
        for bits in 1..=16_usize {
            let highest = (1_u32 << bits) - 1;
            let samples: Vec<u16> = (0..14)
                .map(|i| (i * 2_654_435 % (highest + 1)) as u16)
                .collect();
            let rows: Vec<u8> = (samples.chunks(7))
                .flat_map(|row| {
                    let text: String = row.iter().map(|s| format!("{s:0bits$b}")).collect();
                    let text = format!("{text:0<width$}", width = text.len().div_ceil(8) * 8);
                    let byte = |at| u8::from_str_radix(&text[at..at + 8], 2).unwrap();
                    (0..text.len()).step_by(8).map(byte).collect::<Vec<_>>()
                })
                .collect();
            let found: Vec<u16> = unpack(&rows, 7, bits as u8).collect();
            assert_eq!(found, samples, "{bits} bits");
        }
    }
}
