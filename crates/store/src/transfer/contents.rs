//! Reading a backup: once to see that it is whole, and once more to restore it.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::bufread::ZlibDecoder;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

use super::Error;
use super::digest::{Digest, Summing, TableSum, sha256};
use super::error::Result;
use super::format::{END, HEADER, Header, Manifest, NAME, ROW, SUM, TABLE, VERSION};
use super::row::Row;
use super::table::{Table, tables};

/// Rows that are on their way between the file and the database: with one file of a document each, some hundred
/// megabytes at most.
const IN_FLIGHT: usize = 4;
/// No frame is longer.
const LONGEST: u32 = 1 << 30;

/// A backup that is whole.
pub(super) struct Contents {
    path: PathBuf,
    file: Arc<File>,
    manifest: Manifest,
}

/// The rows of a backup, one after the other.
pub(super) struct Rows {
    path: PathBuf,
    received: mpsc::Receiver<(&'static str, Row, usize)>,
    next: Option<(&'static str, Row, usize)>,
    thread: Option<JoinHandle<Result<Manifest>>>,
}

impl Contents {
    /// Reads the whole file, and fails when anything is missing or was altered.
    pub(super) async fn check(path: &Path) -> Result<Self> {
        let path = path.to_owned();
        let interrupted = Error::Interrupted { path: path.display().to_string() };
        let checked = spawn_blocking(move || {
            let file = Arc::new(File::open(&path).map_err(|source| Error::file("read", &path, source))?);
            let walk = Walk { path: &path, on_row: |_, _, _| true };
            walk.unaltered(&file)?;
            let manifest = walk.through(&file)?;
            Ok(Self { path, file, manifest })
        });
        checked.await.map_err(|_| interrupted)?
    }

    /// What tells this backup from every other one.
    pub(super) fn identity(&self) -> Result<[u8; 32]> {
        let json = serde_json::to_vec(&self.manifest).map_err(io::Error::from);
        Ok(sha256(&[&json.map_err(|source| Error::file("read", &self.path, source))?]))
    }

    pub(super) fn sums(&self) -> &[TableSum] {
        &self.manifest.sums
    }

    /// All rows. The file that was checked is read, whatever its name means by now.
    pub(super) fn rows(&self) -> Rows {
        let (sender, received) = mpsc::channel(IN_FLIGHT);
        let (path, file) = (self.path.clone(), Arc::clone(&self.file));
        let thread = spawn_blocking(move || {
            let on_row = |table, row, bytes| sender.blocking_send((table, row, bytes)).is_ok();
            Walk { path: &path, on_row }.through(&file)
        });
        Rows { path: self.path.clone(), received, next: None, thread: Some(thread) }
    }
}

impl Rows {
    /// The next row of this table with the bytes of its encoding; `None` when the next one is another table's.
    pub(super) async fn next(&mut self, table: &Table) -> Result<Option<(Row, usize)>> {
        if self.next.is_none() {
            self.next = self.received.recv().await;
            if self.next.is_none()
                && let Some(thread) = self.thread.take()
            {
                thread.await.map_err(|_| Error::Interrupted { path: self.path.display().to_string() })??;
            }
        }
        Ok(self.next.take_if(|(name, ..)| *name == table.name).map(|(_, row, bytes)| (row, bytes)))
    }
}

/// A walk through a file from its beginning to its end.
struct Walk<'a, F> {
    path: &'a Path,
    /// Is given each row with its table and the bytes of its encoding, and says whether to go on.
    on_row: F,
}

impl<F: FnMut(&'static str, Row, usize) -> bool> Walk<'_, F> {
    /// Sees whether every byte is as it was written.
    fn unaltered(&self, file: &File) -> Result<()> {
        let mut reader = self.reader(file)?;
        self.first_line(&mut reader)?;
        let mut sum = Summing { inner: io::sink(), sha256: Sha256::new() };
        let mut end = Vec::new();
        let read = reader.rewind().and_then(|()| {
            let summed = file.metadata()?.len().saturating_sub(SUM as u64);
            io::copy(&mut reader.by_ref().take(summed), &mut sum)?;
            reader.read_to_end(&mut end)
        });
        read.map_err(|source| self.failed(source))?;
        if *sum.sha256.finalize() == *end {
            Ok(())
        } else {
            Err(self.damaged("its bytes are not those that were written"))
        }
    }

    fn reader<'f>(&self, mut file: &'f File) -> Result<BufReader<&'f File>> {
        file.rewind().map_err(|source| self.failed(source))?;
        Ok(BufReader::with_capacity(1 << 18, file))
    }

    fn through(mut self, file: &File) -> Result<Manifest> {
        let mut reader = self.reader(file)?;
        self.first_line(&mut reader)?;
        let mut frames = ZlibDecoder::new(reader);
        let header = self.header(&mut frames)?;
        let own = Header::new(header.created_at);
        // Rows of other tables cannot be understood, but it can be seen whether they are whole.
        let known = header.schema == own.schema && header.tables == own.tables;
        let (tables, mut sums) = (tables(), Vec::new());
        let mut current: Option<(&str, Digest)> = None;
        let manifest: Manifest = loop {
            match (self.frame(&mut frames)?, &mut current) {
                ((ROW, content), Some((_, digest))) => {
                    digest.add(&content);
                    if let Some(table) = tables.get(sums.len()).filter(|_| known) {
                        let row = Row::decode(table, &content).ok_or_else(|| self.damaged("a row cannot be read"))?;
                        if !(self.on_row)(table.name, row, content.len()) {
                            return Err(Error::Interrupted { path: self.path.display().to_string() });
                        }
                    }
                }
                ((TABLE, name), _) => {
                    sums.extend(current.take().map(|(table, digest)| digest.finish(table)));
                    let table = header.tables.get(sums.len()).filter(|table| table.name.as_bytes() == name);
                    let table = table.ok_or_else(|| self.damaged("its tables are not in their order"))?;
                    current = Some((&table.name, Digest::default()));
                }
                ((END, content), _) => {
                    sums.extend(current.take().map(|(table, digest)| digest.finish(table)));
                    break serde_json::from_slice(&content).map_err(|_| self.damaged("its end cannot be read"))?;
                }
                _ => return Err(self.damaged("it has unknown parts")),
            }
        };
        if manifest.header != header || manifest.sums != sums || sums.len() != header.tables.len() {
            return Err(self.damaged("its checksums are wrong"));
        }
        if !known {
            return Err(Error::OtherSchema {
                path: self.path.display().to_string(),
                program: header.program,
                schema: header.schema,
                own_schema: own.schema,
            });
        }
        Ok(manifest)
    }

    fn first_line(&self, reader: &mut impl Read) -> Result<()> {
        let mut line = Vec::new();
        let length = (NAME.len() + VERSION.len()) as u64;
        reader.take(length).read_to_end(&mut line).map_err(|source| self.failed(source))?;
        match line.strip_prefix(NAME) {
            Some(VERSION) => Ok(()),
            Some(_) => Err(self.damaged("its first line names a form that this version does not know")),
            None => Err(Error::NotABackup { path: self.path.display().to_string() }),
        }
    }

    fn header(&self, frames: &mut impl Read) -> Result<Header> {
        let (HEADER, content) = self.frame(frames)? else { return Err(self.damaged("it has no header")) };
        serde_json::from_slice(&content).map_err(|_| self.damaged("its header cannot be read"))
    }

    fn frame(&self, frames: &mut impl Read) -> Result<(u8, Vec<u8>)> {
        let (mut letter, mut length) = ([0], [0; 4]);
        let read = frames.read_exact(&mut letter).and_then(|()| frames.read_exact(&mut length));
        read.map_err(|source| self.failed(source))?;
        let length = u32::from_le_bytes(length);
        if length > LONGEST {
            return Err(self.damaged("a part has an impossible length"));
        }
        // Grows with what is there: a wrong length must not take all memory.
        let mut content = Vec::new();
        frames.take(length.into()).read_to_end(&mut content).map_err(|source| self.failed(source))?;
        if content.len() as u64 != u64::from(length) {
            return Err(self.damaged("it ends too early"));
        }
        let [letter] = letter;
        Ok((letter, content))
    }

    fn failed(&self, source: io::Error) -> Error {
        match source.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged("it ends too early"),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => self.damaged("its bytes were altered"),
            _ => Error::file("read", self.path, source),
        }
    }

    fn damaged(&self, problem: &'static str) -> Error {
        Error::Damaged { path: self.path.display().to_string(), problem }
    }
}
