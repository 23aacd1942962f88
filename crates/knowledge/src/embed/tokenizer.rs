//! The encoder's tokenizer, on a thread of its own: the library's type may not leave the thread that made it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use rten_text::{TokenId, Tokenizer as Inner};

/// A handle on the tokenizer's thread, which ends when the handle is dropped.
#[derive(Debug)]
pub(super) struct Tokenizer {
    requests: Mutex<Sender<Request>>,
}

struct Request {
    texts: Vec<String>,
    reply: Sender<Result<Vec<Vec<TokenId>>, String>>,
}

impl Tokenizer {
    /// Makes a tokenizer from the text of a `tokenizer.json`. The error says what is wrong with it.
    pub(super) fn from_json(json: String) -> Result<Self, String> {
        let (requests, inbox) = channel();
        let (made, is_made) = channel();
        std::thread::Builder::new()
            .name("tokenizer".to_owned())
            .spawn(move || match Inner::from_json(&json) {
                Ok(tokenizer) => {
                    drop(json);
                    // The maker waits for this; if it is gone, so is everybody who could ask.
                    let _ = made.send(Ok(()));
                    serve(&tokenizer, &inbox);
                }
                Err(error) => {
                    let _ = made.send(Err(error.to_string()));
                }
            })
            .map_err(|error| error.to_string())?;
        is_made.recv().map_err(|error| error.to_string())??;
        Ok(Self { requests: Mutex::new(requests) })
    }

    /// The token ids of each text, with the special ones that begin and end it.
    pub(super) fn tokenize(&self, texts: Vec<String>) -> Result<Vec<Vec<TokenId>>, String> {
        let (reply, answer) = channel();
        let sender = self.requests.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        sender.send(Request { texts, reply }).map_err(|error| error.to_string())?;
        answer.recv().map_err(|error| error.to_string())?
    }
}

fn serve(tokenizer: &Inner, inbox: &Receiver<Request>) {
    for request in inbox {
        let ids = request.texts.iter().map(|text| encode(tokenizer, text));
        // Whoever asked may have gone away.
        let _ = request.reply.send(ids.collect());
    }
}

/// White space after each text. The library (0.27) counts the `##` before each part of a word as text, looks up the
/// place of that much text, and panics beyond the end; a word has at most 100 parts.
const MARGIN: usize = 256;

/// Whatever the library makes of a text, it must not end the thread that serves all others.
fn encode(tokenizer: &Inner, text: &str) -> Result<Vec<TokenId>, String> {
    let text = format!("{text}{:MARGIN$}", "");
    let encoded = catch_unwind(AssertUnwindSafe(|| {
        tokenizer.encode(text.as_str(), None).map(rten_text::tokenizer::Encoded::into_token_ids)
    }));
    match encoded {
        Ok(encoded) => encoded.map_err(|error| error.to_string()),
        Err(_) => Err("its tokenizer cannot read this text".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tokenizer in whose vocabulary long words have many parts.
    const TINY: &str = r###"{
        "added_tokens": [],
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3, "##b": 4, "##c": 5}}
    }"###;

    #[test]
    fn a_word_of_many_parts_at_the_end_is_read() {
        let tokenizer = Tokenizer::from_json(TINY.to_owned()).unwrap();
        let word = format!("a{}", "bc".repeat(40));
        let ids = tokenizer.tokenize(vec![word, "é? 漢 a".to_owned(), String::new()]).unwrap();
        assert_eq!((ids[0].len(), ids[0][1], ids[0][81]), (83, 3, 5));
        assert_eq!(ids[2], [1, 2]);
    }

    #[test]
    fn what_is_no_tokenizer_is_refused() {
        assert!(Tokenizer::from_json("{}".to_owned()).is_err());
    }
}
