//! What a process takes of its machine, from outside, as Linux tells it.

use std::fs;
use std::time::Instant;

use serde::{Deserialize, Serialize};

/// Linux has counted in hundredths of a second since it had to be the same on all machines.
const TICKS_PER_SECOND: f64 = 100.0;
/// The size of a page on the machines that we build for, in bytes.
const PAGE_BYTES: f64 = 4_096.0;

/// What a process has taken until a moment.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    at: Instant,
    cpu_seconds: f64,
    memory_bytes: f64,
    disk: [f64; 4],
}

/// What a process took in a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Use {
    /// How long it was, in seconds.
    pub seconds: f64,
    /// Processor time; one core for the whole stretch is as many seconds as it has.
    pub cpu_seconds: f64,
    /// Memory at its end.
    pub memory_bytes: f64,
    /// Calls to read, from files and connections, whether or not a disk had to move.
    pub reads: f64,
    /// Calls to write.
    pub writes: f64,
    /// What came from a disk.
    pub read_bytes: f64,
    /// What went to a disk.
    pub written_bytes: f64,
}

impl Reading {
    /// Of a process; nothing where it is gone, or where this is no Linux.
    #[must_use]
    pub fn of(process: u32) -> Option<Self> {
        // The name may hold spaces and brackets; what follows its last bracket does not. Source: `proc_pid_stat(5)`.
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let field = |index: usize| fields.get(index)?.parse::<f64>().ok();
        let io = fs::read_to_string(format!("/proc/{process}/io")).unwrap_or_default();
        let disk = ["syscr:", "syscw:", "read_bytes:", "write_bytes:"].map(|key| number_after(&io, key));
        Some(Self {
            at: Instant::now(),
            cpu_seconds: (field(11)? + field(12)?) / TICKS_PER_SECOND,
            memory_bytes: field(21)? * PAGE_BYTES,
            disk,
        })
    }

    /// What was taken since an earlier reading.
    #[must_use]
    pub fn since(&self, before: &Self) -> Use {
        let [reads, writes, read_bytes, written_bytes] =
            std::array::from_fn(|index| self.disk[index] - before.disk[index]);
        Use {
            seconds: self.at.duration_since(before.at).as_secs_f64(),
            cpu_seconds: self.cpu_seconds - before.cpu_seconds,
            memory_bytes: self.memory_bytes,
            reads,
            writes,
            read_bytes,
            written_bytes,
        }
    }
}

impl Use {
    /// Of one core, in percent.
    #[must_use]
    pub fn cpu_percent(&self) -> f64 {
        100.0 * self.cpu_seconds / self.seconds.max(f64::MIN_POSITIVE)
    }
}

fn number_after(text: &str, key: &str) -> f64 {
    let rest = text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
    rest.trim().parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[test]
    fn a_process_that_works_takes_processor_time() {
        let itself = std::process::id();
        let Some(before) = Reading::of(itself) else { return };
        let mut sum = 0_u64;
        let taken = loop {
            sum = (0..1_000_000_u64).fold(sum, |sum, number| black_box(sum.wrapping_add(number)));
            let Some(now) = Reading::of(itself) else { return };
            if now.since(&before).cpu_seconds > 0.1 {
                break now.since(&before);
            }
        };
        // The tests beside this one work as well.
        assert!(taken.cpu_percent() > 5.0 && taken.memory_bytes > 1e6, "{taken:?}");
        assert!(Reading::of(u32::MAX).is_none());
    }
}
