//! What the process takes of its machine, as Linux tells it; elsewhere there is little to tell.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{fmt, path::Path};

use crate::exposition::{Source, Teller};
use crate::{Metric, names};

/// Linux has counted in hundredths of a second since it had to be the same on all machines.
const TICKS_PER_SECOND: f64 = 100.0;
/// The size of a page on the machines that we build for, in bytes.
const PAGE_BYTES: f64 = 4_096.0;

/// This process.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    started: f64,
}

impl Default for Process {
    fn default() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: now.as_secs_f64() }
    }
}

impl Source for Process {
    fn tell(&self, teller: &mut Teller<'_, '_>) -> fmt::Result {
        let mut if_known = |metric: &Metric, value: Option<f64>| match value {
            Some(value) => teller.one(metric, value),
            None => Ok(()),
        };
        if_known(&names::PROCESS_CPU, cpu_seconds())?;
        if_known(&names::PROCESS_CPU_LIMIT, Some(cpu_limit_cores()))?;
        if_known(&names::PROCESS_MEMORY, resident_bytes())?;
        if_known(&names::PROCESS_MEMORY_LIMIT, memory_limit_bytes())?;
        if_known(&names::PROCESS_FILES, open_files())?;
        if_known(&names::PROCESS_FILES_MAX, most_files())?;
        if_known(&names::PROCESS_START, Some(self.started))?;
        let io = read("/proc/self/io").unwrap_or_default();
        let by_direction = |pairs: [(&str, Option<f64>); 2]| {
            pairs
                .into_iter()
                .filter_map(|(direction, bytes)| Some(([direction.to_owned()], bytes?)))
                .collect::<Vec<_>>()
        };
        let disk = [("read", number_after(&io, "read_bytes:")), ("write", number_after(&io, "write_bytes:"))];
        teller.numbers(&names::PROCESS_DISK, by_direction(disk))?;
        let network = read("/proc/self/net/dev").map(|text| network_bytes(&text));
        let network = [("receive", network.map(|bytes| bytes.0)), ("transmit", network.map(|bytes| bytes.1))];
        teller.numbers(&names::NETWORK, by_direction(network))
    }
}

fn read(path: impl AsRef<Path>) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// Processor time of this process, in seconds.
#[must_use]
pub fn cpu_seconds() -> Option<f64> {
    // The name may hold spaces and brackets; what follows its last bracket does not. Source: `proc_pid_stat(5)`.
    let stat = read("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
}

/// Memory that the process holds, in bytes.
#[must_use]
pub fn resident_bytes() -> Option<f64> {
    let pages: f64 = read("/proc/self/statm")?.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * PAGE_BYTES)
}

/// Cores that the process may use: those of the machine, or fewer where a container allows fewer.
#[must_use]
pub fn cpu_limit_cores() -> f64 {
    // It knows the quotas of control groups.
    std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64)
}

/// Memory that the process may hold, in bytes: that of the machine, or less where a container allows less.
#[must_use]
pub fn memory_limit_bytes() -> Option<f64> {
    let machine = read("/proc/meminfo").and_then(|text| Some(number_after(&text, "MemTotal:")? * 1_024.0));
    let container = read("/sys/fs/cgroup/memory.max").and_then(|text| text.trim().parse().ok());
    [machine, container].into_iter().flatten().reduce(f64::min)
}

fn open_files() -> Option<f64> {
    Some(fs::read_dir("/proc/self/fd").ok()?.count() as f64)
}

fn most_files() -> Option<f64> {
    number_after(&read("/proc/self/limits")?, "Max open files")
}

fn number_after(text: &str, key: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.trim_start().strip_prefix(key))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// What all interfaces but the loopback received and sent. Source: `proc_pid_net(5)`.
fn network_bytes(text: &str) -> (f64, f64) {
    let interfaces = text.lines().filter_map(|line| line.split_once(':')).filter(|(name, _)| name.trim() != "lo");
    interfaces.fold((0.0, 0.0), |(received, sent), (_, figures)| {
        let field =
            |index| figures.split_whitespace().nth(index).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
        (received + field(0), sent + field(8))
    })
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[test]
    fn working_takes_processor_time_and_keeping_takes_memory() {
        let Some(memory) = resident_bytes() else { return };
        let kept = vec![1_u8; 64 * 1024 * 1024];
        // Taking the memory works too, on a busy machine for longer than is waited for below.
        let Some(cpu) = cpu_seconds() else { return };
        let mut sum = 0_u64;
        while cpu_seconds().unwrap_or_default() < cpu + 0.05 {
            sum = black_box(&kept).iter().fold(sum, |sum, byte| sum.wrapping_add(u64::from(*byte)));
        }
        assert!(black_box(sum) > 0);
        assert!(resident_bytes().unwrap_or_default() > memory + 32.0 * 1024.0 * 1024.0);
    }

    #[test]
    fn limits_are_known_and_not_exceeded() {
        assert!(cpu_limit_cores() >= 1.0);
        if let (Some(used), Some(limit)) = (resident_bytes(), memory_limit_bytes()) {
            assert!(used < limit);
        }
        if let (Some(open), Some(most)) = (open_files(), most_files()) {
            assert!(open > 2.0 && open < most);
        }
    }

    #[test]
    fn the_loopback_is_left_out() {
        let text = "Inter-|   Receive  |  Transmit\n face |bytes packets\n    lo: 900 1 0 0 0 0 0 0 900 1 0 0 0 0 0 0\n  eth0: 70 \
                    1 0 0 0 0 0 0 80 1 0 0 0 0 0 0\n";
        assert_eq!(network_bytes(text), (70.0, 80.0));
    }
}
