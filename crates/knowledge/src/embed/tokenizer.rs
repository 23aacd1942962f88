//! The encoder's tokenizer, on a thread of its own: the library's type may not leave the thread that made it.

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
        let ids = request.texts.iter().map(|text| {
            let encoded = tokenizer.encode(text.as_str(), None).map_err(|error| error.to_string())?;
            Ok(encoded.into_token_ids())
        });
        // Whoever asked may have gone away.
        let _ = request.reply.send(ids.collect());
    }
}
