//! Makes an ONNX encoder with int8 weights smaller in memory, without changing a bit of what it computes.
//!
//! Such a model stores `codes` (int8) and a `scale`, and computes `W = Mul(Cast(codes), scale)`. The runtime evaluates
//! that once, at load, and from then on holds the codes and a table four times as large. Here, before the load,
//! - a table that is only looked up, `Gather(W, ids)`, becomes `Mul(Cast(Gather(codes, ids)), Gather(scale, ids))`: the
//!   same products, but only of the rows that a text needs;
//! - any other `W` is multiplied out, and its codes are dropped;
//! - the bytes of both move into a buffer of their own, which the runtime reads in place instead of copying it.
//!
//! A file in which nothing fits, or that is no ONNX, comes back as it is. Field numbers are those of `onnx.proto`; the
//! encoding is that of <https://protobuf.dev/programming-guides/encoding/>.

use std::collections::HashMap;
use std::ops::Range;

/// The name by which a slim file refers to [`Slim::weights`], its external data.
pub(super) const WEIGHTS: &str = "weights.data";

/// A model in two parts.
pub(super) struct Slim {
    /// The ONNX file.
    pub(super) onnx: Vec<u8>,
    /// The external data [`WEIGHTS`]; empty if the file is as it was.
    pub(super) weights: Vec<u8>,
}

/// Rewrites a model as the module says.
pub(super) fn slim(onnx: Vec<u8>) -> Slim {
    rewrite(&onnx).unwrap_or(Slim { onnx, weights: Vec::new() })
}

fn rewrite(onnx: &[u8]) -> Option<Slim> {
    let model = Message::read(0, onnx)?;
    let [graph] = model.all(7)[..] else { return None };
    let graph = Graph::read(graph)?;
    let mut weights = Vec::new();
    let edits = Some(graph.edits(&mut weights)).filter(|edits| !edits.is_empty())?;
    let fields = graph.message.fields.iter().enumerate();
    let slim: Vec<&[u8]> = fields.map(|(at, field)| edits.get(&at).map_or(field.whole, Vec::as_slice)).collect();
    let graph = field(7, &slim);
    let fields = model.fields.iter().map(|field| if field.number == 7 { &graph } else { field.whole });
    Some(Slim { onnx: fields.collect::<Vec<_>>().concat(), weights })
}

struct Graph<'a> {
    message: Message<'a>,
    nodes: Vec<Message<'a>>,
    tensors: Vec<Message<'a>>,
    /// Every name that is read, as often as it is: by nodes, and as inputs and outputs of the graph.
    reads: Vec<&'a [u8]>,
}

/// `Mul(Cast(codes), scale)`, the codes a matrix and the scale as large, or one of its rows, columns or elements.
struct Scaled<'g, 'a> {
    cast: &'g Message<'a>,
    codes: &'g Message<'a>,
    scale: &'g Message<'a>,
}

impl<'a> Graph<'a> {
    fn read(graph: &'a [u8]) -> Option<Self> {
        let message = Message::read(0, graph)?;
        let [nodes, tensors, inputs, outputs] = [1, 5, 11, 12].map(|number| message.messages(number));
        let (nodes, tensors) = (nodes?, tensors?);
        let ends = inputs?.into_iter().chain(outputs?).map(|end| end.text(1));
        let reads = nodes.iter().flat_map(|node| node.all(1)).chain(ends).collect();
        // A branch or a loop has graphs that may read names of this one, unseen here.
        let nested = |attribute: &Message| !attribute.all(6).is_empty() || !attribute.all(11).is_empty();
        let attributes = nodes.iter().map(|node| node.messages(5)).collect::<Option<Vec<_>>>()?;
        (!attributes.iter().flatten().any(nested)).then_some(Self { message, nodes, tensors, reads })
    }

    /// New bytes for the fields that change, by their place. The weights that move are appended to `weights`.
    fn edits(&self, weights: &mut Vec<u8>) -> HashMap<usize, Vec<u8>> {
        let (mut edits, mut moved) = (HashMap::new(), Vec::new());
        for node in &self.nodes {
            let (Some(scaled), &[table]) = (self.scaled(node), &node.all(2)[..]) else { continue };
            if let Some(lookups) = self.lookups(table, &scaled) {
                edits.extend(lookups.iter().map(|gather| (gather.at, scaled.look_up(gather))));
                moved.push((scaled.codes, scaled.codes.text(8), None));
            } else if self.times_read(scaled.codes.text(8)) == 1 {
                moved.push((scaled.codes, table, Some(scaled.scale)));
            } else {
                continue;
            }
            edits.extend([(node.at, Vec::new()), (scaled.cast.at, Vec::new())]);
        }
        // Four bytes an element, or one and up to three before it.
        let room = moved.iter().map(|(codes, _, scale)| codes.text(9).len() * if scale.is_some() { 4 } else { 1 } + 3);
        weights.reserve_exact(room.sum());
        for (codes, name, scale) in moved {
            weights.resize(weights.len().next_multiple_of(4), 0);
            let start = weights.len();
            match scale {
                Some(scale) => multiply(codes, scale, weights),
                None => weights.extend_from_slice(codes.text(9)),
            }
            let data_type = if scale.is_some() { 1 } else { codes.number(2).unwrap_or_default() };
            let data = external(&(start..weights.len()));
            edits.insert(codes.at, tensor(name, &codes.shape(), data_type, &data));
        }
        edits
    }

    /// Reads a node as the last of the pattern; what the cast makes must have no other reader.
    fn scaled(&self, node: &Message<'a>) -> Option<Scaled<'_, 'a>> {
        let (b"Mul", &[a, b]) = (node.operator(), &node.all(1)[..]) else { return None };
        let (float, scale) = self.tensor(b).map(|b| (a, b)).or_else(|| Some((b, self.tensor(a)?)))?;
        let cast = self.nodes.iter().find(|node| node.all(2) == [float] && self.times_read(float) == 1)?;
        let &[codes] = &cast.all(1)[..] else { return None };
        let codes = self.tensor(codes)?;
        let (&[rows, columns], &[down, across]) = (&codes.shape()[..], &scale.shape()[..]) else { return None };
        let fits = (cast.operator(), cast.attribute(b"to")) == (b"Cast", Some(1))
            && matches!((codes.number(2), scale.number(2)), (Some(2 | 3), Some(1)))
            && !codes.text(9).is_empty()
            && rows.checked_mul(columns)? == codes.text(9).len()
            && (down == rows || down == 1)
            && (across == columns || across == 1)
            && down.checked_mul(across)?.checked_mul(4)? == scale.text(9).len();
        fits.then_some(Scaled { cast, codes, scale })
    }

    /// The readers of a table, if each looks up rows and each row has a scale.
    fn lookups(&self, table: &[u8], scaled: &Scaled) -> Option<Vec<&Message<'a>>> {
        let is_lookup = |node: &&Message| {
            let rows = node.operator() == b"Gather" && node.attribute(b"axis").unwrap_or(0) == 0;
            rows && matches!(node.all(1)[..], [from, _] if from == table)
        };
        let found: Vec<_> = self.nodes.iter().filter(is_lookup).collect();
        let all = !found.is_empty() && self.times_read(table) == found.len();
        (all && scaled.scale.shape().first() == scaled.codes.shape().first()).then_some(found)
    }

    fn tensor(&self, name: &[u8]) -> Option<&Message<'a>> {
        self.tensors.iter().find(|tensor| tensor.text(8) == name)
    }

    fn times_read(&self, name: &[u8]) -> usize {
        self.reads.iter().filter(|read| **read == name).count()
    }
}

impl Scaled<'_, '_> {
    /// The nodes that take the place of a lookup in the finished table.
    fn look_up(&self, gather: &Message) -> Vec<u8> {
        let (result, ids) = (gather.text(2), gather.all(1).last().copied().unwrap_or_default());
        let [codes, scale, float] = ["/codes", "/scale", "/float"].map(|part| [result, part.as_bytes()].concat());
        [
            node("Gather", &[self.codes.text(8), ids], &codes, &gather.all(5)),
            node("Gather", &[self.scale.text(8), ids], &scale, &gather.all(5)),
            node("Cast", &[&codes], &float, &self.cast.all(5)),
            node("Mul", &[&float, &scale], result, &[]),
        ]
        .concat()
    }
}

/// Appends the products of a matrix of codes and its scale, in the runtime's own arithmetic.
fn multiply(codes: &Message, scale: &Message, out: &mut Vec<u8>) {
    let signed = codes.number(2) == Some(3);
    let factors: Vec<f32> = scale.text(9).as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let columns = codes.shape().last().copied().unwrap_or_default().max(1);
    let across = scale.shape().last().copied().unwrap_or_default().max(1);
    let rows = factors.chunks(across).cycle();
    for (codes, factors) in codes.text(9).chunks(columns).zip(rows) {
        for (code, factor) in codes.iter().zip(factors.iter().cycle()) {
            let code = if signed { f32::from(code.cast_signed()) } else { f32::from(*code) };
            out.extend_from_slice(&(code * factor).to_le_bytes());
        }
    }
}

/// A message of the format: its fields, and its own place among those of the message around it.
struct Message<'a> {
    at: usize,
    fields: Vec<Field<'a>>,
}

/// A field: its bytes, and what they say, which is a number or a payload.
struct Field<'a> {
    number: u64,
    whole: &'a [u8],
    value: u64,
    payload: &'a [u8],
}

impl<'a> Message<'a> {
    fn read(at: usize, bytes: &'a [u8]) -> Option<Self> {
        let (mut fields, mut rest) = (Vec::new(), bytes);
        while !rest.is_empty() {
            let whole = rest;
            let tag = varint(&mut rest)?;
            let value = if matches!(tag & 7, 0 | 2) { varint(&mut rest)? } else { 0 };
            let length = match tag & 7 {
                0 => 0,
                1 => 8,
                2 => usize::try_from(value).ok()?,
                5 => 4,
                _ => return None,
            };
            let (payload, after) = rest.split_at_checked(length)?;
            let whole = whole.get(..whole.len() - after.len())?;
            fields.push(Field { number: tag >> 3, whole, value, payload });
            rest = after;
        }
        Some(Self { at, fields })
    }

    /// The messages in all fields of a number; `None` if one is malformed.
    fn messages(&self, number: u64) -> Option<Vec<Self>> {
        let fields = self.fields.iter().enumerate().filter(|(_, field)| field.number == number);
        fields.map(|(at, field)| Self::read(at, field.payload)).collect()
    }

    fn all(&self, number: u64) -> Vec<&'a [u8]> {
        self.fields.iter().filter(|field| field.number == number).map(|field| field.payload).collect()
    }

    fn text(&self, number: u64) -> &'a [u8] {
        self.fields.iter().find(|field| field.number == number).map_or(&[], |field| field.payload)
    }

    fn number(&self, number: u64) -> Option<u64> {
        self.fields.iter().find(|field| field.number == number).map(|field| field.value)
    }

    /// A tensor's dimensions.
    fn shape(&self) -> Vec<usize> {
        let dims = self.fields.iter().filter(|field| field.number == 1);
        dims.map(|dim| usize::try_from(dim.value).unwrap_or_default()).collect()
    }

    /// A node's operator, if it is one of ONNX's own.
    fn operator(&self) -> &'a [u8] {
        if matches!(self.text(7), b"" | b"ai.onnx") { self.text(4) } else { b"" }
    }

    /// The value of a node's attribute that is a number.
    fn attribute(&self, name: &[u8]) -> Option<u64> {
        let attributes = self.messages(5)?;
        attributes.iter().find(|attribute| attribute.text(1) == name)?.number(3)
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.extend(value.to_le_bytes().first().map(|byte| byte | 0x80));
        value >>= 7;
    }
    out.extend(value.to_le_bytes().first());
}

/// A field that is a number.
fn number(number: u64, value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    put_varint(&mut out, number << 3);
    put_varint(&mut out, value);
    out
}

/// A field that is a text, or a message in parts.
fn field<T: AsRef<[u8]>>(number: u64, parts: &[T]) -> Vec<u8> {
    let mut out = Vec::new();
    put_varint(&mut out, (number << 3) | 2);
    put_varint(&mut out, parts.iter().map(|part| part.as_ref().len() as u64).sum());
    for part in parts {
        out.extend_from_slice(part.as_ref());
    }
    out
}

/// A graph's field that is a node; the attributes are messages.
fn node(operator: &str, inputs: &[&[u8]], output: &[u8], attributes: &[&[u8]]) -> Vec<u8> {
    let mut parts: Vec<_> = inputs.iter().map(|input| field(1, &[input])).collect();
    parts.extend([field(2, &[output]), field(4, &[operator])]);
    parts.extend(attributes.iter().map(|attribute| field(5, &[attribute])));
    field(1, &parts)
}

/// A graph's field that is a tensor; `data` are the fields that hold its elements.
fn tensor(name: &[u8], shape: &[usize], data_type: u64, data: &[Vec<u8>]) -> Vec<u8> {
    let mut parts: Vec<_> = shape.iter().map(|size| number(1, *size as u64)).collect();
    parts.extend([number(2, data_type), field(8, &[name])]);
    parts.extend_from_slice(data);
    field(5, &parts)
}

/// A tensor's fields that say that its data are a range of [`WEIGHTS`].
fn external(range: &Range<usize>) -> [Vec<u8>; 4] {
    let entry = |key: &str, value: &str| field(13, &[field(1, &[key]), field(2, &[value])]);
    let (offset, length) = (range.start.to_string(), range.len().to_string());
    [entry("location", WEIGHTS), entry("offset", &offset), entry("length", &length), number(14, 1)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rten::{ModelOptions, Value};

    use super::*;

    const TO_FLOAT: &[u8] = b"\x0a\x02to\x18\x01\xa0\x01\x02";
    const AXIS_0: &[u8] = b"\x0a\x04axis\x18\x00\xa0\x01\x02";

    /// Three words in two dimensions, looked up and projected to three; and more nodes.
    fn model(more: &[Vec<u8>]) -> Vec<u8> {
        let floats = |values: &[f32]| [field(9, &values.iter().map(|value| value.to_le_bytes()).collect::<Vec<_>>())];
        let graph = [
            node("Cast", &[b"words_q"], b"words_f", &[TO_FLOAT]),
            node("Mul", &[b"words_f", b"words_s"], b"words", &[]),
            node("Cast", &[b"matrix_q"], b"matrix_f", &[TO_FLOAT]),
            node("Mul", &[b"matrix_s", b"matrix_f"], b"matrix", &[]),
            node("Gather", &[b"words", b"ids"], b"embedding", &[AXIS_0]),
            node("MatMul", &[b"embedding", b"matrix"], b"out", &[]),
            more.concat(),
            tensor(b"words_q", &[3, 2], 3, &[field(9, &[[1, 2, 250, 4, 5, 130]])]),
            tensor(b"words_s", &[3, 1], 1, &floats(&[0.1, 0.37, 1.9])),
            tensor(b"matrix_q", &[2, 3], 3, &[field(9, &[[7, 255, 9, 10, 128, 12]])]),
            tensor(b"matrix_s", &[1, 3], 1, &floats(&[0.3, 0.7, 0.011])),
            field(11, &[field(1, &["ids"])]),
            field(12, &[field(1, &["out"])]),
        ];
        [number(1, 10), field(8, &[field(1, &[""]), number(2, 17)]), field(7, &graph)].concat()
    }

    /// What the runtime makes of the words 2, 0, 1 and 2.
    fn run(model: Slim) -> Option<Vec<f32>> {
        let mut options = ModelOptions::with_all_ops();
        let model = options.external_data(WEIGHTS, model.weights).load(model.onnx).ok()?;
        let ids = Value::from_shape(&[1, 4], vec![2_i32, 0, 1, 2]).ok()?;
        Some(model.run_one(ids.into(), None).ok()?.into_shape_vec::<f32, 3>().ok()?.1)
    }

    fn operators(onnx: &[u8]) -> Option<Vec<String>> {
        let graph = Graph::read(Message::read(0, onnx)?.text(7))?;
        Some(graph.nodes.iter().map(|node| String::from_utf8_lossy(node.operator()).into_owned()).collect())
    }

    #[test]
    fn a_table_is_looked_up_before_it_is_scaled_and_a_matrix_is_multiplied_out() {
        let before = model(&[]);
        let after = slim(before.clone());
        let nodes = ["Gather", "Gather", "Cast", "Mul", "MatMul"].map(str::to_owned);
        assert_eq!(operators(&after.onnx), Some(nodes.to_vec()));
        // Six codes, two bytes between, six floats.
        assert_eq!(after.weights.len(), 32);
        let values = run(after);
        assert!(values.is_some());
        assert_eq!(values, run(Slim { onnx: before, weights: Vec::new() }));
    }

    #[test]
    fn what_something_else_reads_stays() {
        let more = |names: &[&[u8]]| model(&[node("Concat", names, b"other", &[AXIS_0])]);
        let nodes = ["Cast", "Mul", "Gather", "MatMul", "Concat"].map(str::to_owned);
        assert_eq!(operators(&slim(more(&[b"words", b"words_q"])).onnx), Some(nodes.to_vec()));
        let casts = more(&[b"words_f", b"matrix_f"]);
        assert_eq!(slim(casts.clone()).onnx, casts);
    }

    #[test]
    fn a_file_without_the_pattern_or_cut_short_comes_back_as_it_is() {
        let whole = model(&[]);
        let cut = (0..whole.len()).filter_map(|end| whole.get(..end)).map(<[u8]>::to_vec);
        for onnx in cut.chain([slim(whole.clone()).onnx]) {
            let same = slim(onnx.clone());
            assert!(same.onnx == onnx && same.weights.is_empty());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_back_as_they_are(onnx: Vec<u8>) {
            prop_assert_eq!(slim(onnx.clone()).onnx, onnx);
        }

        #[test]
        fn a_damaged_model_never_panics(at: prop::sample::Index, byte: u8) {
            let mut onnx = model(&[]);
            let at = at.index(onnx.len());
            onnx.splice(at..=at, [byte]);
            slim(onnx);
        }
    }
}
