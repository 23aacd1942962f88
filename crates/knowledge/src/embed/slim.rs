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
    let (edits, weights) = graph.edits();
    let fields = graph.message.fields.iter().enumerate();
    let slim: Vec<&[u8]> = fields.map(|(at, field)| edits.get(&at).map_or(field.whole, Vec::as_slice)).collect();
    let mut onnx = Vec::new();
    for field in model.fields {
        if field.number == 7 { put(&mut onnx, 7, &slim.concat()) } else { onnx.extend_from_slice(field.whole) }
    }
    (!edits.is_empty()).then_some(Slim { onnx, weights })
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
        // A branch or a loop holds graphs that may read a name of this one.
        if nodes.iter().any(|node| node.messages(5).is_none_or(|all| all.iter().any(|one| one.has(6) || one.has(11)))) {
            return None;
        }
        let ends = inputs?.into_iter().chain(outputs?).map(|end| end.text(1));
        let reads = nodes.iter().flat_map(|node| node.all(1)).chain(ends).collect();
        Some(Self { message, nodes, tensors, reads })
    }

    /// The fields to replace, by their place, and the weights that have moved.
    fn edits(&self) -> (HashMap<usize, Vec<u8>>, Vec<u8>) {
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
        let mut weights = Vec::with_capacity(room.sum());
        for (codes, name, scale) in moved {
            weights.resize(weights.len().next_multiple_of(4), 0);
            let start = weights.len();
            match scale {
                Some(scale) => multiply(codes, scale, &mut weights),
                None => weights.extend_from_slice(codes.text(9)),
            }
            let data_type = if scale.is_some() { Some(1) } else { codes.number(2) };
            edits.insert(codes.at, external(name, &codes.shape(), data_type, &(start..weights.len())));
        }
        (edits, weights)
    }

    /// Reads a node as the last of the pattern; what the cast makes must have no other reader.
    fn scaled(&self, node: &Message<'a>) -> Option<Scaled<'_, 'a>> {
        let (b"Mul", &[a, b]) = (node.operator(), &node.all(1)[..]) else { return None };
        let (float, scale) = self.tensor(b).map(|b| (a, b)).or_else(|| Some((b, self.tensor(a)?)))?;
        let cast = self.nodes.iter().find(|node| node.all(2) == [float] && self.times_read(float) == 1)?;
        let (b"Cast", [codes], Some(1)) = (cast.operator(), &cast.all(1)[..], cast.attribute(b"to")) else {
            return None;
        };
        let codes = self.tensor(codes)?;
        let (&[rows, columns], &[down, across]) = (&codes.shape()[..], &scale.shape()[..]) else { return None };
        let fits = matches!((codes.number(2), scale.number(2)), (Some(2 | 3), Some(1)))
            && !codes.text(9).is_empty()
            && rows.checked_mul(columns)? == codes.text(9).len()
            && (down == rows || down == 1)
            && (across == columns || across == 1)
            && down.checked_mul(across)?.checked_mul(4)? == scale.text(9).len();
        fits.then_some(Scaled { cast, codes, scale })
    }

    /// The readers of a table, if each looks up rows of which only a run knows the numbers.
    fn lookups(&self, table: &[u8], scaled: &Scaled) -> Option<Vec<&Message<'a>>> {
        let varies = |name: &[u8]| {
            let made = self.nodes.iter().find(|node| node.all(2) == [name]);
            self.tensor(name).is_none() && made.is_none_or(|node| node.operator() != b"Constant")
        };
        let is_lookup = |node: &&Message| {
            node.operator() == b"Gather"
                && node.attribute(b"axis").unwrap_or(0) == 0
                && matches!(node.all(1)[..], [from, ids] if from == table && varies(ids))
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

    fn has(&self, number: u64) -> bool {
        self.fields.iter().any(|field| field.number == number)
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

fn put_number(out: &mut Vec<u8>, number: u64, value: u64) {
    put_varint(out, number << 3);
    put_varint(out, value);
}

fn put(out: &mut Vec<u8>, number: u64, payload: &[u8]) {
    put_varint(out, (number << 3) | 2);
    put_varint(out, payload.len() as u64);
    out.extend_from_slice(payload);
}

/// A graph's field that is a node; the attributes are messages.
fn node(operator: &str, inputs: &[&[u8]], output: &[u8], attributes: &[&[u8]]) -> Vec<u8> {
    let (mut node, mut out) = (Vec::new(), Vec::new());
    inputs.iter().for_each(|input| put(&mut node, 1, input));
    put(&mut node, 2, output);
    put(&mut node, 4, operator.as_bytes());
    attributes.iter().for_each(|attribute| put(&mut node, 5, attribute));
    put(&mut out, 1, &node);
    out
}

/// A graph's field that is a tensor whose data is a range of [`WEIGHTS`].
fn external(name: &[u8], shape: &[usize], data_type: Option<u64>, range: &Range<usize>) -> Vec<u8> {
    let (mut tensor, mut out) = (Vec::new(), Vec::new());
    shape.iter().for_each(|size| put_number(&mut tensor, 1, *size as u64));
    put_number(&mut tensor, 2, data_type.unwrap_or_default());
    put(&mut tensor, 8, name);
    let (offset, length) = (range.start.to_string(), range.len().to_string());
    for (key, value) in [("location", WEIGHTS), ("offset", &offset), ("length", &length)] {
        let mut entry = Vec::new();
        put(&mut entry, 1, key.as_bytes());
        put(&mut entry, 2, value.as_bytes());
        put(&mut tensor, 13, &entry);
    }
    put_number(&mut tensor, 14, 1);
    put(&mut out, 5, &tensor);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rten::{ModelOptions, Value};

    use super::*;

    fn attribute(name: &str, value: u64) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, 1, name.as_bytes());
        put_number(&mut out, 3, value);
        put_number(&mut out, 20, 2);
        out
    }

    fn tensor(name: &str, shape: [u64; 2], data_type: u64, data: &[u8]) -> Vec<u8> {
        let (mut tensor, mut out) = (Vec::new(), Vec::new());
        shape.iter().for_each(|size| put_number(&mut tensor, 1, *size));
        put_number(&mut tensor, 2, data_type);
        put(&mut tensor, 8, name.as_bytes());
        put(&mut tensor, 9, data);
        put(&mut out, 5, &tensor);
        out
    }

    /// A vocabulary of three words in two dimensions, the vectors of which are projected to three, and more nodes.
    fn model(more: &[Vec<u8>]) -> Vec<u8> {
        let floats = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>();
        let node = |operator, inputs: &[&str], output: &str, attributes: &[Vec<u8>]| {
            let inputs: Vec<_> = inputs.iter().map(|name| name.as_bytes()).collect();
            let attributes: Vec<_> = attributes.iter().map(Vec::as_slice).collect();
            super::node(operator, &inputs, output.as_bytes(), &attributes)
        };
        let mut graph = [
            node("Cast", &["words_q"], "words_f", &[attribute("to", 1)]),
            node("Mul", &["words_f", "words_scale"], "words", &[]),
            node("Cast", &["matrix_q"], "matrix_f", &[attribute("to", 1)]),
            node("Mul", &["matrix_scale", "matrix_f"], "matrix", &[]),
            node("Gather", &["words", "ids"], "embedding", &[attribute("axis", 0)]),
            node("MatMul", &["embedding", "matrix"], "out", &[]),
            tensor("words_q", [3, 2], 3, &[1, 2, 250, 4, 5, 130]),
            tensor("words_scale", [3, 1], 1, &floats(&[0.1, 0.37, 1.9])),
            tensor("matrix_q", [2, 3], 3, &[7, 255, 9, 10, 128, 12]),
            tensor("matrix_scale", [1, 3], 1, &floats(&[0.3, 0.7, 0.011])),
        ]
        .concat();
        graph.extend(more.concat());
        for (number, name) in [(11, "ids"), (12, "out")] {
            let mut end = Vec::new();
            put(&mut end, 1, name.as_bytes());
            put(&mut graph, number, &end);
        }
        let mut onnx = Vec::new();
        put_number(&mut onnx, 1, 10);
        put(&mut onnx, 8, &[0x0a, 0, 0x10, 17]);
        put(&mut onnx, 7, &graph);
        onnx
    }

    fn run(model: Slim) -> Vec<f32> {
        let mut options = ModelOptions::with_all_ops();
        let options = options.external_data(WEIGHTS, model.weights);
        let model = options.enable_optimization(false).load(model.onnx).expect("the model loads");
        let ids = Value::from_shape(&[1, 4], vec![2_i32, 0, 1, 2]).expect("a tensor");
        model.run_one(ids.into(), None).expect("the model runs").into_shape_vec::<f32, 3>().expect("three axes").1
    }

    fn operators(onnx: &[u8]) -> Vec<String> {
        let model = Message::read(0, onnx).expect("a message");
        let graph = Graph::read(model.text(7)).expect("a graph");
        graph.nodes.iter().map(|node| String::from_utf8_lossy(node.operator()).into_owned()).collect()
    }

    #[test]
    fn a_table_is_looked_up_before_it_is_scaled_and_a_matrix_is_multiplied_out() {
        let before = model(&[]);
        let after = slim(before.clone());
        assert_eq!(operators(&after.onnx), ["Gather", "Gather", "Cast", "Mul", "MatMul"]);
        // 24 bytes of floats and 6 of codes, aligned.
        assert_eq!(after.weights.len(), 32);
        assert_eq!(run(after), run(Slim { onnx: before, weights: Vec::new() }));
    }

    #[test]
    fn what_something_else_reads_stays() {
        let read = |names: &[&[u8]]| node("Concat", names, b"other", &[&attribute("axis", 0)]);
        // The table and what the casts make: only the matrix of the second still fits.
        let shared = model(&[read(&[b"words", b"words_q"])]);
        assert_eq!(operators(&slim(shared).onnx), ["Cast", "Mul", "Gather", "MatMul", "Concat"]);
        let shared = model(&[read(&[b"words_f", b"matrix_f"])]);
        assert_eq!(slim(shared.clone()).onnx, shared);
    }

    #[test]
    fn a_file_without_the_pattern_or_cut_short_comes_back_as_it_is() {
        let whole = model(&[]);
        let plain = slim(whole.clone()).onnx;
        let cut = (0..whole.len()).filter_map(|end| whole.get(..end)).map(<[u8]>::to_vec);
        for onnx in cut.chain([plain]) {
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
