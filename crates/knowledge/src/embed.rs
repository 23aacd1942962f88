//! Sentence vectors: a tokenizer and an ONNX sentence encoder from a folder.
//!
//! The vector of a text is the mean of its tokens' last hidden states, normalised to length 1 (Reimers and
//! Gurevych, "Sentence-BERT", 2019), so that the dot product of two vectors is their cosine similarity.

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rten::{Dimension, ModelOptions, NodeId, RunOptions, ThreadPool, ValueOrView};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, NdTensorView};
use rten_text::TokenId;
use sha2::{Digest, Sha256};
#[cfg(target_os = "linux")]
use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};

use self::tokenizer::Tokenizer;
use crate::{Error, Result};

mod slim;
mod tokenizer;

/// Tokens beyond this are cut off: the encoder was trained on at most 256.
const MAX_TOKENS: usize = 256;

/// A sentence encoder.
pub struct Model {
    graph: rten::Model,
    tokenizer: Tokenizer,
    /// Read a question, for which somebody waits, all of them together.
    for_a_question: Arc<ThreadPool>,
    /// Read more questions at the same time, one thread each: together, they would take longer.
    for_more_questions: Vec<Arc<ThreadPool>>,
    /// Questions that are being read.
    questions: AtomicUsize,
    /// Read documents, as far as nobody waits for the cores: one thread each.
    for_documents: Vec<Arc<ThreadPool>>,
    inputs: Inputs,
    output: NodeId,
    name: String,
}

/// The inputs that the encoder has; not every one asks for token types.
struct Inputs {
    ids: NodeId,
    mask: NodeId,
    types: Option<NodeId>,
}

/// A question that is being read, until this is dropped: also when reading it panics.
struct Reading<'a> {
    all: &'a AtomicUsize,
    /// Questions that were being read when this one began.
    others: usize,
}

impl<'a> Reading<'a> {
    fn begin(all: &'a AtomicUsize) -> Self {
        Self { all, others: all.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.all.fetch_sub(1, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Model {
    /// Loads `model.onnx` and `tokenizer.json` from a folder.
    pub fn load(directory: &Path, threads: usize) -> Result<Self> {
        let failed = |detail: String| Error::Model { path: directory.display().to_string(), detail };
        let read = |name: &str| read_file(&directory.join(name)).map_err(|error| failed(format!("{name}: {error}")));
        let onnx = read("model.onnx")?;
        let name = name_of(&onnx);
        let slim::Slim { onnx, weights } = slim::slim(onnx);
        let tokenizer_json =
            String::from_utf8(read("tokenizer.json")?).map_err(|_| failed("tokenizer.json is not UTF-8".to_owned()))?;
        let tokenizer =
            Tokenizer::from_json(tokenizer_json).map_err(|error| failed(format!("tokenizer.json: {error}")))?;
        let model = ModelOptions::with_all_ops()
            .prepack_weights(true)
            .external_data(slim::WEIGHTS, weights)
            .load(onnx)
            .map_err(|error| failed(format!("model.onnx: {error}")))?;
        let node = |name: &str| model.find_node(name);
        let missing = |what: &str| failed(format!("model.onnx has no input {what}; it is not a sentence encoder"));
        let inputs = Inputs {
            ids: node("input_ids").ok_or_else(|| missing("input_ids"))?,
            mask: node("attention_mask").ok_or_else(|| missing("attention_mask"))?,
            types: node("token_type_ids").filter(|id| model.input_ids().contains(id)),
        };
        let hidden_states = |id: &NodeId| {
            model.node_info(*id).and_then(|info| info.shape()).is_some_and(|shape: Vec<Dimension>| shape.len() == 3)
        };
        let output = model
            .output_ids()
            .iter()
            .copied()
            .find(hidden_states)
            .or_else(|| model.output_ids().first().copied())
            .ok_or_else(|| failed("model.onnx has no output".to_owned()))?;
        let threads = threads.max(1);
        Ok(Self {
            graph: model,
            tokenizer,
            for_a_question: Arc::new(ThreadPool::with_num_threads(threads)),
            for_more_questions: (0..threads).map(|_| Arc::new(ThreadPool::with_num_threads(1))).collect(),
            questions: AtomicUsize::new(0),
            for_documents: (0..threads).map(|_| Arc::new(yielding(ThreadPool::with_num_threads(1)))).collect(),
            inputs,
            output,
            name,
        })
    }

    /// The model's name and version; vectors of different names are never compared.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The vector of a question.
    pub fn embed(&self, text: &str) -> Result<Vec<f32>> {
        let texts = self.tokenize(&[vec![text.to_owned()]])?;
        let text = texts.first().ok_or_else(|| Error::Embedding("no tokens came out".to_owned()))?;
        let reading = Reading::begin(&self.questions);
        let threads = match reading.others.checked_sub(1) {
            Some(other) => self.for_more_questions.get(other % self.for_more_questions.len()),
            None => None,
        };
        Ok(self.run(threads.unwrap_or(&self.for_a_question), text)?.whole)
    }

    /// The vectors of many texts of documents, in their order. Each text comes in pieces, which are read as one text; the pieces
    /// get vectors too, from the same run: the sum of their own tokens' states, which have seen the whole text ("late
    /// chunking", Günther et al., 2024).
    ///
    /// Each thread reads texts of its own, from end to end: several threads on one text wait for each other at every step.
    pub fn embed_batch(&self, texts: &[Vec<String>]) -> Result<Vec<Vectors>> {
        let texts = self.tokenize(texts)?;
        let next = AtomicUsize::new(0);
        let read_on = |thread: &Arc<ThreadPool>| -> Result<Vec<(usize, Vectors)>> {
            let numbers = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
            let texts = numbers.map_while(|number| texts.get(number).map(|text| (number, text)));
            texts.map(|(number, text)| Ok((number, self.run(thread, text)?))).collect()
        };
        let read = thread::scope(|scope| {
            let readers: Vec<_> =
                self.for_documents.iter().map(|thread| scope.spawn(move || read_on(thread))).collect();
            let lost = |_| Error::Embedding("a thread that reads documents has panicked".to_owned());
            readers.into_iter().map(|reader| reader.join().map_err(lost).flatten()).collect::<Result<Vec<_>>>()
        })?;
        let mut vectors: Vec<_> = read.into_iter().flatten().collect();
        vectors.sort_unstable_by_key(|(number, _)| *number);
        Ok(vectors.into_iter().map(|(_, vectors)| vectors).collect())
    }

    /// Tokenizes piece by piece: the encoder's tokenizer splits at white space first, so the tokens are the same.
    fn tokenize(&self, texts: &[Vec<String>]) -> Result<Vec<Tokenized>> {
        let pieces: Vec<String> = texts.iter().flatten().cloned().collect();
        let mut pieces = self.tokenizer.tokenize(pieces).map_err(Error::Embedding)?.into_iter();
        let join = |text: &Vec<String>| Tokenized::join(pieces.by_ref().take(text.len()));
        Ok(texts.iter().map(join).collect())
    }

    /// Reads a text, alone: what it is rounded to must not depend on the texts beside it, and nothing is padded.
    fn run(&self, threads: &Arc<ThreadPool>, text: &Tokenized) -> Result<Vectors> {
        let shape = [1, text.ids.len()];
        let ids: Vec<_> = text.ids.iter().map(|id| i32::try_from(*id).unwrap_or_default()).collect();
        let ids = NdTensor::<i32, 2>::from_data(shape, ids);
        let mask = NdTensor::<i32, 2>::full(shape, 1);
        let types = NdTensor::<i32, 2>::zeros(shape);
        let mut inputs: Vec<(NodeId, ValueOrView)> =
            vec![(self.inputs.ids, ids.view().into()), (self.inputs.mask, mask.view().into())];
        if let Some(node) = self.inputs.types {
            inputs.push((node, types.view().into()));
        }
        let mut options = RunOptions::default();
        options.thread_pool = Some(Arc::clone(threads));
        let failed = |error: String| Error::Embedding(error);
        let outputs =
            self.graph.run(inputs, &[self.output], Some(options)).map_err(|error| failed(error.to_string()))?;
        let output = outputs.into_iter().next().ok_or_else(|| failed("no output".to_owned()))?;
        let hidden: NdTensor<f32, 3> =
            output.try_into().map_err(|_| failed("the output is not a matrix per token".to_owned()))?;
        Ok(text.vectors(&hidden.slice(0)))
    }
}

/// The same threads, that run when no other of this machine wants to. Documents come in faster than they can be read; questions
/// must not wait for them. Where the system knows no such threads, both share the cores.
fn yielding(threads: ThreadPool) -> ThreadPool {
    #[cfg(target_os = "linux")]
    threads.run(|| {
        rayon::broadcast(|_| {
            // Not the lowest niceness: a thread that has that still keeps a core to the end of its time slice.
            let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
            if let Err(error) = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle) {
                tracing::warn!(%error, "documents are read with the priority of questions, which may have to wait");
            }
        })
    });
    threads
}

/// Reads a file into a buffer that leaves nothing behind when it is dropped.
///
/// glibc takes the largest buffer so far that was freed, up to 32 MiB, as a sign that more of that size will come, and
/// from then on keeps twice as much memory to itself (mallopt(3), `M_MMAP_THRESHOLD`). A larger one teaches it nothing;
/// of the room, only what the file fills is ever backed by memory.
fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    const TEACHES_NOTHING: usize = 33 << 20;
    let mut bytes = Vec::with_capacity(TEACHES_NOTHING);
    File::open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The vectors of a text and of its pieces.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vectors {
    /// Of the whole text, of length 1.
    pub whole: Vec<f32>,
    /// Of each piece, the longer the more tokens it has; `None` where no token of it is left, because it is blank or beyond the limit.
    pub pieces: Vec<Option<Vec<f32>>>,
}

/// A text as the encoder takes it.
struct Tokenized {
    ids: Vec<TokenId>,
    /// The tokens of each piece.
    pieces: Vec<Range<usize>>,
}

impl Tokenized {
    /// Joins pieces, each of which begins and ends with the special tokens that belong around the whole.
    fn join(pieces: impl Iterator<Item = Vec<TokenId>>) -> Self {
        let mut joined = Self { ids: Vec::new(), pieces: Vec::new() };
        let mut end = None;
        for piece in pieces {
            let [first, inner @ .., last] = piece.as_slice() else { continue };
            if joined.ids.is_empty() {
                joined.ids.push(*first);
            }
            end = Some(*last);
            let start = joined.ids.len();
            let room = (MAX_TOKENS - 1).saturating_sub(start);
            joined.ids.extend(inner.iter().take(room));
            joined.pieces.push(start..joined.ids.len());
        }
        joined.ids.extend(end);
        joined
    }

    fn vectors(&self, hidden: &NdTensorView<f32, 2>) -> Vectors {
        let piece = |range: &Range<usize>| (!range.is_empty()).then(|| sum(hidden, range.clone()));
        let mut whole = sum(hidden, 0..self.ids.len());
        let length = whole.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        for value in &mut whole {
            *value /= length;
        }
        Vectors { whole, pieces: self.pieces.iter().map(piece).collect() }
    }
}

/// The sum of these rows.
fn sum(hidden: &NdTensorView<f32, 2>, tokens: Range<usize>) -> Vec<f32> {
    let mut sum = vec![0.0_f32; hidden.size(1)];
    for token in tokens {
        for (total, value) in sum.iter_mut().zip(hidden.slice(token).iter()) {
            *total += value;
        }
    }
    sum
}

/// A name that changes whenever the vectors could: how a file is read, and the beginning of its SHA-256.
fn name_of(onnx: &[u8]) -> String {
    let digest = Sha256::digest(onnx);
    let version = digest.iter().take(6).fold(0_u64, |version, byte| version << 8 | u64::from(*byte));
    format!("onnx-int8-{version:012x}")
}

#[cfg(test)]
mod tests {
    use std::panic::{catch_unwind, resume_unwind};

    use super::*;

    #[test]
    fn a_question_whose_reading_panics_is_not_being_read_any_more() {
        let all = AtomicUsize::new(0);
        let read = catch_unwind(|| {
            let _reading = Reading::begin(&all);
            resume_unwind(Box::new("it cannot be read"))
        });
        assert!(read.is_err());
        assert_eq!(Reading::begin(&all).others, 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn only_documents_yield() {
        use thread_priority::thread_schedule_policy;

        let policies = |threads: &ThreadPool| threads.run(|| rayon::broadcast(|_| thread_schedule_policy().unwrap()));
        let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        assert!(policies(&ThreadPool::with_num_threads(2)).iter().all(|policy| *policy != idle));
        assert_eq!(policies(&yielding(ThreadPool::with_num_threads(2))), [idle; 2]);
    }
}
