//! Many rows in few statements.

/// Most rows of a statement: SQLite takes 32,766 values, and no table has more than 64 columns.
const MOST: usize = 512;

/// Cuts rows into batches, each a power of two: however many there are, there are ten statements for them, which stay
/// prepared. With a text of its own for each number of rows, each would be prepared anew, and a connection would keep the last
/// ones, each as large as its rows.
pub(crate) fn batches<T>(rows: &[T]) -> impl Iterator<Item = &[T]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        let largest = rest.len().checked_ilog2()?;
        let (batch, after) = rest.split_at_checked(MOST.min(1 << largest))?;
        rest = after;
        Some(batch)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rows_come_in_order_in_few_sizes() {
        for count in [0, 1, 2, 3, 511, 512, 513, 1_300] {
            let rows: Vec<usize> = (0..count).collect();
            let cut: Vec<&[usize]> = batches(&rows).collect();
            assert_eq!(cut.concat(), rows);
            assert!(cut.iter().all(|batch| batch.len().is_power_of_two() && batch.len() <= MOST), "{count}");
            assert!(cut.len() <= count / MOST + 9, "{count}: {}", cut.len());
        }
    }
}
