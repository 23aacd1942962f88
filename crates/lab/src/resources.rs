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

/// A process as `/proc` tells it.
#[derive(Clone, Copy, Debug)]
struct Process {
    number: u32,
    parent: u32,
    cpu_seconds: f64,
    /// Of children that have ended.
    children_cpu_seconds: f64,
    memory_bytes: f64,
    disk: [f64; 4],
}

impl Process {
    fn read(number: u32) -> Option<Self> {
        // The name may hold spaces and brackets; what follows its last bracket does not. Source: `proc_pid_stat(5)`.
        let stat = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let field = |index: usize| fields.get(index)?.parse::<f64>().ok();
        let io = fs::read_to_string(format!("/proc/{number}/io")).unwrap_or_default();
        let disk = ["syscr:", "syscw:", "read_bytes:", "write_bytes:"].map(|key| number_after(&io, key));
        Some(Self {
            number,
            parent: fields.get(1)?.parse().ok()?,
            cpu_seconds: (field(11)? + field(12)?) / TICKS_PER_SECOND,
            children_cpu_seconds: (field(13)? + field(14)?) / TICKS_PER_SECOND,
            memory_bytes: field(21)? * PAGE_BYTES,
            disk,
        })
    }
}

impl Reading {
    /// Of a process; nothing where it is gone, or where this is no Linux.
    #[must_use]
    pub fn of(process: u32) -> Option<Self> {
        Some(Self::sum(&[Process::read(process)?], false))
    }

    /// Of a process and all that it started, as PostgreSQL does for each connection.
    #[must_use]
    pub fn of_family(process: u32) -> Option<Self> {
        let mut family = vec![Process::read(process)?];
        let all: Vec<Process> = fs::read_dir("/proc")
            .ok()?
            .filter_map(|entry| Process::read(entry.ok()?.file_name().to_str()?.parse().ok()?))
            .collect();
        // Parents are looked for among those that were found, until no child is left.
        let mut next = 0;
        while let Some(parent) = family.get(next).map(|found| found.number) {
            family.extend(all.iter().filter(|child| child.parent == parent).copied());
            next += 1;
        }
        Some(Self::sum(&family, true))
    }

    fn sum(family: &[Process], with_ended_children: bool) -> Self {
        let ended = family.first().filter(|_| with_ended_children).map_or(0.0, |first| first.children_cpu_seconds);
        Self {
            at: Instant::now(),
            cpu_seconds: ended + family.iter().map(|one| one.cpu_seconds).sum::<f64>(),
            memory_bytes: family.iter().map(|one| one.memory_bytes).sum(),
            disk: std::array::from_fn(|index| family.iter().map(|one| one.disk[index]).sum()),
        }
    }

    /// What was taken since an earlier reading.
    #[must_use]
    pub fn since(&self, before: &Self) -> Use {
        let [reads, writes, read_bytes, written_bytes] =
            std::array::from_fn(|index| self.disk[index] - before.disk[index]);
        Use {
            seconds: self.at.duration_since(before.at).as_secs_f64(),
            // A child that ends between two looks may be counted a moment later.
            cpu_seconds: (self.cpu_seconds - before.cpu_seconds).max(0.0),
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

    #[test]
    fn a_family_has_the_time_of_its_children() {
        let itself = std::process::id();
        let work = |script: &str| std::process::Command::new("sh").args(["-c", script]).spawn();
        let Some(before) = Reading::of_family(itself) else { return };
        // One that has ended, and one that is still there.
        let counting = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done";
        let (mut ended, mut there) = (work(counting).unwrap(), work(&format!("{counting}; exec sleep 60")).unwrap());
        ended.wait().unwrap();
        let (family, alone) = loop {
            let family = Reading::of_family(itself).unwrap().since(&before);
            let alone = Reading::of(itself).unwrap().since(&before);
            if family.cpu_seconds > alone.cpu_seconds + 0.05 {
                break (family, alone);
            }
        };
        there.kill().unwrap();
        there.wait().unwrap();
        assert!(family.memory_bytes > alone.memory_bytes, "{family:?} {alone:?}");
    }
}
