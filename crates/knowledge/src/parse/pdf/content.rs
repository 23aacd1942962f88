//! Plays a page's content stream and collects the text that it shows, with its place and size.

use std::collections::HashMap;
use std::rc::Rc;

use lopdf::{Dictionary, Document, Object, ObjectId};

use super::fonts::Font;
use super::lexer::{Lexer, Token};
use super::matrix::{IDENTITY, Matrix, advance, multiply, rotate, turn};
use super::{bomb, dictionary};
use crate::parse::{Limits, ParseError};

/// Forms within forms.
const MAX_FORMS: usize = 6;
/// Forms that one page may draw.
const MAX_FORMS_PAGE: usize = 2_000;
/// Operands before an operator; the standard needs six.
const MAX_OPERANDS: usize = 64;
/// Pieces of text on one page.
const MAX_RUNS: usize = 400_000;
/// Saved graphics states.
const MAX_SAVED: usize = 256;

/// A piece of text that was shown at once.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) x: f32,
    pub(super) y: f32,
    /// Where the next piece would stand.
    pub(super) end: f32,
    pub(super) size: f32,
    pub(super) bold: bool,
    /// All characters are equally wide, as in listings.
    pub(super) fixed: bool,
    /// Quarter turns of the text against the page.
    pub(super) turn: u8,
    pub(super) text: String,
}

#[derive(Clone)]
struct State {
    ctm: Matrix,
    font: Option<Rc<Font>>,
    size: f32,
    character_space: f32,
    word_space: f32,
    stretch: f32,
    leading: f32,
    rise: f32,
}

enum Operand {
    Number(f32),
    Name(Vec<u8>),
    String(Vec<u8>),
    List(Vec<Operand>),
}

/// Reads the pages of one document.
pub(super) struct Painter<'d> {
    document: &'d Document,
    limits: &'d Limits,
    /// By the address of the font's dictionary, which lives as long as the document.
    fonts: HashMap<usize, Rc<Font>>,
    inflated: u64,
    unknown: bool,
    pictures: bool,
    broken: bool,
    runs: Vec<Run>,
    forms: usize,
}

impl<'d> Painter<'d> {
    pub(super) fn new(document: &'d Document, limits: &'d Limits) -> Self {
        Self {
            document,
            limits,
            fonts: HashMap::new(),
            inflated: 0,
            unknown: false,
            pictures: false,
            broken: false,
            runs: Vec::new(),
            forms: 0,
        }
    }

    /// Whether text was shown in a font whose characters cannot be found out.
    pub(super) fn undecodable(&self) -> bool {
        self.unknown
    }

    /// Whether a picture was shown.
    pub(super) fn pictures(&self) -> bool {
        self.pictures
    }

    /// Whether contents or a font were missing or unreadable.
    pub(super) fn broken(&self) -> bool {
        self.broken
    }

    /// The text of a page, in the order in which it is painted.
    pub(super) fn page(&mut self, page: ObjectId) -> Result<Vec<Run>, ParseError> {
        let content = self.document.get_page_content_with_limit(page, self.left()).map_err(|_| bomb(self.limits))?;
        self.spend(content.len())?;
        self.broken |= self.is_lost(page, &content);
        // A page whose resources cannot be followed shows no text.
        let (own, shared) = self.document.get_page_resources(page).unwrap_or_default();
        let mut resources: Vec<&'d Dictionary> = own.into_iter().collect();
        resources.extend(shared.into_iter().filter_map(|id| self.document.get_dictionary(id).ok()));
        self.forms = 0;
        self.play(&content, &resources, IDENTITY, 0)?;
        Ok(std::mem::take(&mut self.runs))
    }

    /// Whether the contents of a page are missing or unpack to nothing.
    fn is_lost(&self, page: ObjectId, content: &[u8]) -> bool {
        let streams = self.document.get_page_contents(page);
        let packed =
            |id: &ObjectId| self.document.get_object(*id).and_then(Object::as_stream).map(|it| it.content.len());
        let missing = streams.iter().any(|id| packed(id).is_err());
        // An empty content stream packs to a few bytes.
        let unread =
            content.trim_ascii().is_empty() && streams.iter().any(|id| packed(id).is_ok_and(|bytes| bytes > 16));
        missing || unread || self.document.get_dictionary(page).is_err()
    }

    fn left(&self) -> usize {
        usize::try_from(self.limits.inflated_bytes.saturating_sub(self.inflated)).unwrap_or(usize::MAX)
    }

    fn spend(&mut self, bytes: usize) -> Result<(), ParseError> {
        self.inflated += bytes as u64;
        if self.inflated > self.limits.inflated_bytes { Err(bomb(self.limits)) } else { Ok(()) }
    }

    fn play(
        &mut self,
        content: &[u8],
        resources: &[&'d Dictionary],
        ctm: Matrix,
        depth: usize,
    ) -> Result<(), ParseError> {
        let mut state = State {
            ctm,
            font: None,
            size: 0.0,
            character_space: 0.0,
            word_space: 0.0,
            stretch: 1.0,
            leading: 0.0,
            rise: 0.0,
        };
        let (mut saved, mut operands): (Vec<State>, Vec<Operand>) = (Vec::new(), Vec::new());
        let (mut text, mut line) = (IDENTITY, IDENTITY);
        // Which of the open marked contents are artifacts: page headers, footers, background.
        let mut marked: Vec<bool> = Vec::new();
        let mut lexer = Lexer::new(content);
        let mut known = content.trim_ascii().is_empty();
        while let Some(token) = lexer.next() {
            let Token::Operator(operator) = token else {
                if let Some(operand) = operand(token, &mut lexer)
                    && operands.len() < MAX_OPERANDS
                {
                    operands.push(operand);
                }
                continue;
            };
            let hidden = marked.contains(&true);
            known |= matches!(
                operator,
                b"q" | b"cm" | b"BT" | b"Do" | b"re" | b"BMC" | b"BDC" | b"rg" | b"g" | b"w" | b"gs"
            );
            match operator {
                b"q" if saved.len() < MAX_SAVED => saved.push(state.clone()),
                b"Q" => state = saved.pop().unwrap_or(state),
                b"cm" => state.ctm = multiply(&matrix(&operands), &state.ctm),
                b"BT" => (text, line) = (IDENTITY, IDENTITY),
                b"Tf" => {
                    state.size = last_number(&operands);
                    if let Some(Operand::Name(name)) = operands.first() {
                        state.font = self.font(resources, name);
                    }
                }
                b"Tc" => state.character_space = last_number(&operands),
                b"Tw" => state.word_space = last_number(&operands),
                b"Tz" => state.stretch = last_number(&operands) / 100.0,
                b"TL" => state.leading = last_number(&operands),
                b"Ts" => state.rise = last_number(&operands),
                b"Tm" => (text, line) = (matrix(&operands), matrix(&operands)),
                b"Td" | b"TD" => {
                    let [x, y] = two(&operands);
                    if operator == b"TD" {
                        state.leading = -y;
                    }
                    line = multiply(&[1.0, 0.0, 0.0, 1.0, x, y], &line);
                    text = line;
                }
                b"T*" | b"'" | b"\"" => {
                    if let (b"\"", [Operand::Number(word), Operand::Number(character), ..]) =
                        (operator, operands.as_slice())
                    {
                        (state.word_space, state.character_space) = (*word, *character);
                    }
                    line = multiply(&[1.0, 0.0, 0.0, 1.0, 0.0, -state.leading], &line);
                    text = line;
                    self.show(&operands, &state, &mut text, hidden)?;
                }
                b"Tj" | b"TJ" => self.show(&operands, &state, &mut text, hidden)?,
                b"BMC" | b"BDC" => {
                    let artifact = matches!(operands.first(), Some(Operand::Name(name)) if name == b"Artifact");
                    if marked.len() < MAX_SAVED {
                        marked.push(artifact);
                    }
                }
                b"EMC" => drop(marked.pop()),
                b"Do" if !hidden => {
                    if let Some(Operand::Name(name)) = operands.first() {
                        self.form(resources, name, &state, depth)?;
                    }
                }
                b"ID" => {
                    self.pictures = true;
                    lexer.skip_image();
                }
                _ => {}
            }
            operands.clear();
        }
        // Bytes that could not be unpacked are no content stream.
        self.broken |= !known;
        Ok(())
    }

    /// Shows the strings among the operands.
    fn show(&mut self, operands: &[Operand], state: &State, text: &mut Matrix, hidden: bool) -> Result<(), ParseError> {
        for operand in operands {
            match operand {
                Operand::String(string) => self.string(string, state, text, hidden)?,
                Operand::List(items) => {
                    for item in items {
                        match item {
                            Operand::String(string) => self.string(string, state, text, hidden)?,
                            Operand::Number(back) => advance(text, -back / 1000.0 * state.size * state.stretch),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn string(&mut self, string: &[u8], state: &State, text: &mut Matrix, hidden: bool) -> Result<(), ParseError> {
        let Some(font) = &state.font else {
            self.broken = true;
            return Ok(());
        };
        let start = multiply(text, &state.ctm);
        let mut shown = String::new();
        for glyph in font.glyphs(string) {
            shown.push_str(&glyph.text);
            let word = if glyph.is_space { state.word_space } else { 0.0 };
            advance(text, (glyph.width * state.size + state.character_space + word) * state.stretch);
        }
        self.unknown |= font.is_unknown();
        if hidden || shown.is_empty() {
            return Ok(());
        }
        let end = multiply(text, &state.ctm);
        let turn = turn(&start);
        let size = state.size.abs() * start[2].hypot(start[3]);
        let (x, y) = rotate(start[4] + state.rise * start[2], start[5] + state.rise * start[3], turn);
        let (end, _) = rotate(end[4], end[5], turn);
        if !(x.is_finite() && y.is_finite() && end.is_finite() && size.is_finite()) || size < 0.1 {
            return Ok(());
        }
        if self.runs.len() >= MAX_RUNS {
            return Err(ParseError::too_large(format!("a page has more than {MAX_RUNS} pieces of text")));
        }
        self.runs.push(Run { x, y, end, size, bold: font.bold, fixed: font.fixed, turn, text: shown });
        Ok(())
    }

    fn font(&mut self, resources: &[&'d Dictionary], name: &[u8]) -> Option<Rc<Font>> {
        let document = self.document;
        let font = resources
            .iter()
            .find_map(|resources| dictionary(document, dictionary(document, resources, b"Font")?, name))?;
        let address = std::ptr::from_ref(font) as usize;
        if let Some(known) = self.fonts.get(&address) {
            return Some(Rc::clone(known));
        }
        let read = Rc::new(Font::read(document, font, &mut self.inflated));
        self.fonts.insert(address, Rc::clone(&read));
        Some(read)
    }

    /// Plays a form: a content stream of its own that a page shows like a picture.
    fn form(
        &mut self,
        resources: &[&'d Dictionary],
        name: &[u8],
        state: &State,
        depth: usize,
    ) -> Result<(), ParseError> {
        let document = self.document;
        let stream = resources
            .iter()
            .find_map(|resources| dictionary(document, resources, b"XObject")?.get_deref(name, document).ok())
            .and_then(|object| object.as_stream().ok());
        // Pictures were left out when the file was loaded.
        let Some(stream) = stream else {
            self.pictures = true;
            return Ok(());
        };
        let is_form = stream.dict.get(b"Subtype").and_then(Object::as_name).is_ok_and(|subtype| subtype == b"Form");
        self.forms += 1;
        if !is_form || depth >= MAX_FORMS || self.forms > MAX_FORMS_PAGE {
            return Ok(());
        }
        let content = match stream.decompressed_content_with_limit(self.left()) {
            Ok(content) => content,
            Err(lopdf::Error::Decompress(lopdf::DecompressError::MemoryLimitExceeded { .. })) => {
                return Err(bomb(self.limits));
            }
            Err(_) => return Ok(()),
        };
        self.spend(content.len())?;
        let numbers: Vec<f32> = stream
            .dict
            .get_deref(b"Matrix", document)
            .and_then(Object::as_array)
            .map(|matrix| matrix.iter().filter_map(|number| number.as_float().ok()).collect())
            .unwrap_or_default();
        let own = <Matrix>::try_from(numbers).unwrap_or(IDENTITY);
        let mut inner: Vec<&'d Dictionary> = dictionary(document, &stream.dict, b"Resources").into_iter().collect();
        if inner.is_empty() {
            inner.extend_from_slice(resources);
        }
        self.play(&content, &inner, multiply(&own, &state.ctm), depth + 1)
    }
}

/// The operand that a token begins; a dictionary is passed over.
fn operand(token: Token<'_>, lexer: &mut Lexer<'_>) -> Option<Operand> {
    match token {
        Token::Number(number) => Some(Operand::Number(number)),
        Token::Name(name) => Some(Operand::Name(name.to_vec())),
        Token::String(string) => Some(Operand::String(string)),
        Token::Open(is_dictionary) => {
            let mut depth = 1_usize;
            let mut items = Vec::new();
            for token in lexer.by_ref() {
                match token {
                    Token::Open(_) => depth += 1,
                    Token::Close(_) => depth -= 1,
                    Token::Number(number) if depth == 1 => items.push(Operand::Number(number)),
                    Token::String(string) if depth == 1 => items.push(Operand::String(string)),
                    // An operator inside a list means that its end is missing.
                    Token::Operator(b"ET" | b"Tj" | b"TJ" | b"Q") => break,
                    _ => {}
                }
                if depth == 0 || items.len() > 100_000 {
                    break;
                }
            }
            (!is_dictionary).then_some(Operand::List(items))
        }
        Token::Close(_) | Token::Operator(_) => None,
    }
}

fn numbers(operands: &[Operand]) -> impl DoubleEndedIterator<Item = f32> {
    operands.iter().filter_map(|operand| match operand {
        Operand::Number(number) => Some(*number),
        _ => None,
    })
}

fn last_number(operands: &[Operand]) -> f32 {
    numbers(operands).next_back().unwrap_or(0.0)
}

fn two(operands: &[Operand]) -> [f32; 2] {
    let mut numbers = numbers(operands);
    [numbers.next().unwrap_or(0.0), numbers.next().unwrap_or(0.0)]
}

fn matrix(operands: &[Operand]) -> Matrix {
    <Matrix>::try_from(numbers(operands).collect::<Vec<f32>>()).unwrap_or(IDENTITY)
}
