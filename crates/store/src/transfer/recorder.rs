//! Writing a backup: on a thread of its own, under another name until it is complete and on the disk.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Read as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

use super::Error;
use super::digest::{Digest, Summing, TableSum};
use super::error::Result;
use super::format::{END, HEADER, Header, Manifest, NAME, ROW, TABLE, VERSION};
use super::table::Table;

/// Pages of rows that are on their way between the database and the file.
const IN_FLIGHT: usize = 2;

/// A backup that is being written.
pub(super) struct Recorder {
    path: PathBuf,
    parts: mpsc::Sender<Part>,
    thread: JoinHandle<Result<Vec<TableSum>>>,
}

enum Part {
    Table(&'static str),
    Rows(Vec<Vec<u8>>),
    End,
}

impl Recorder {
    /// Begins to write a backup to `path`.
    pub(super) fn begin(path: &Path, now: DateTime<Utc>) -> Self {
        let (parts, mut received) = mpsc::channel(IN_FLIGHT);
        let own = path.to_owned();
        let thread = spawn_blocking(move || record(&own, &Header::new(now), &mut received));
        Self { path: path.to_owned(), parts, thread }
    }

    /// The rows that follow are this table's.
    pub(super) async fn table(&mut self, table: &Table) -> Result<()> {
        self.send(Part::Table(table.name)).await
    }

    /// Adds encoded rows.
    pub(super) async fn rows(&mut self, rows: Vec<Vec<u8>>) -> Result<()> {
        self.send(Part::Rows(rows)).await
    }

    /// Waits until all of it is on the disk.
    pub(super) async fn finish(mut self) -> Result<Vec<TableSum>> {
        self.send(Part::End).await?;
        self.ended().await
    }

    async fn send(&mut self, part: Part) -> Result<()> {
        if self.parts.send(part).await.is_err() {
            // It tells why it has ended.
            self.ended().await?;
        }
        Ok(())
    }

    async fn ended(&mut self) -> Result<Vec<TableSum>> {
        let interrupted = |_| Error::Interrupted { path: self.path.display().to_string() };
        (&mut self.thread).await.map_err(interrupted)?
    }
}

fn record(path: &Path, header: &Header, parts: &mut mpsc::Receiver<Part>) -> Result<Vec<TableSum>> {
    must_be_replaceable(path)?;
    let unfinished = with_suffix(path, ".part");
    let file = create(&unfinished)?;
    let recorded = write(&file, header, parts).map_err(|source| Error::file("write", &unfinished, source));
    let recorded =
        recorded.and_then(|sums| sums.ok_or_else(|| Error::Interrupted { path: path.display().to_string() }));
    if recorded.is_err() {
        // What is left is of no use. Why it is said already.
        let _ = std::fs::remove_file(&unfinished);
        return recorded;
    }
    let named = std::fs::rename(&unfinished, path).and_then(|()| sync_directory(path));
    named.map_err(|source| Error::file("write", path, source))?;
    recorded
}

/// A backup may replace an older one, and nothing else.
fn must_be_replaceable(path: &Path) -> Result<()> {
    let mut begin = Vec::new();
    let read = File::open(path).and_then(|file| file.take(NAME.len() as u64).read_to_end(&mut begin));
    match read {
        Ok(_) if begin == NAME => Ok(()),
        Ok(_) => Err(Error::NotABackup { path: path.display().to_string() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(Error::file("write", path, source)),
    }
}

/// The file is for its owner alone: it holds everything.
fn create(path: &Path) -> Result<File> {
    let failed = |source| Error::file("write", path, source);
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).write(true).mode(0o600).open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Error::BeingWritten { path: path.display().to_string() }),
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    file.set_len(0).map_err(failed)?;
    Ok(file)
}

/// Writes all parts. `None` when they stop without an end.
fn write(file: &File, header: &Header, parts: &mut mpsc::Receiver<Part>) -> io::Result<Option<Vec<TableSum>>> {
    let mut out = Summing { inner: BufWriter::with_capacity(1 << 18, file), sha256: Sha256::new() };
    out.write_all(NAME)?;
    out.write_all(VERSION)?;
    let mut out = ZlibEncoder::new(out, Compression::fast());
    frame(&mut out, HEADER, &serde_json::to_vec(header)?)?;
    let (mut sums, mut current) = (Vec::new(), None::<(&str, Digest)>);
    loop {
        match parts.blocking_recv() {
            Some(Part::Table(name)) => {
                sums.extend(current.replace((name, Digest::default())).map(|(name, digest)| digest.finish(name)));
                frame(&mut out, TABLE, name.as_bytes())?;
            }
            Some(Part::Rows(rows)) => {
                for row in rows {
                    if let Some((_, digest)) = &mut current {
                        digest.add(&row);
                    }
                    frame(&mut out, ROW, &row)?;
                }
            }
            Some(Part::End) => break,
            None => return Ok(None),
        }
    }
    sums.extend(current.map(|(name, digest)| digest.finish(name)));
    let manifest = Manifest { header: header.clone(), sums };
    frame(&mut out, END, &serde_json::to_vec(&manifest)?)?;
    let Summing { inner: mut out, sha256 } = out.finish()?;
    out.write_all(&sha256.finalize())?;
    out.flush()?;
    file.sync_all()?;
    Ok(Some(manifest.sums))
}

fn frame(out: &mut impl Write, letter: u8, content: &[u8]) -> io::Result<()> {
    let length = u32::try_from(content.len()).map_err(io::Error::other)?;
    out.write_all(&[letter])?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(content)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}
