//! Makes an ONNX encoder with int8 weights compute with them, in less memory and a good deal less time.
//!
//! Such a model stores `codes` (int8) and a `scale`, and computes `W = Mul(Cast(codes), scale)`. The runtime evaluates
//! that once, at load, and from then on holds the codes and a table four times as large, in which it multiplies floats.
//! Here, before the load,
//! - a table that is only looked up, `Gather(W, ids)`, becomes `Mul(Cast(Gather(codes, ids)), Gather(scale, ids))`: the
//!   same products, but only of the rows that a text needs;
//! - a matrix that is only multiplied with, `MatMul(x, W)`, and has a scale for each column or one for all, becomes the
//!   product of integers: each row of `x` is rounded to 8 bits, and the sums, exact in 32 bits, are scaled afterwards.
//!   That differs a little from the product of floats, so a model that is read like this has another
//!   [name](super::Model::name);
//! - the codes move into a buffer of their own, which the runtime reads in place instead of copying it.
//!
//! A file in which nothing fits, or that is no ONNX, comes back as it is. Field numbers are those of `onnx.proto`; the
//! encoding is that of <https://protobuf.dev/programming-guides/encoding/>, the operators are those of
//! <https://onnx.ai/onnx/operators/>.

use std::collections::{HashMap, HashSet};
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

    /// New bytes for the fields that change, by their place. The codes that move are appended to `weights`.
    fn edits(&self, weights: &mut Vec<u8>) -> HashMap<usize, Vec<u8>> {
        let (mut edits, mut matrices) = (HashMap::new(), HashMap::new());
        for node in &self.nodes {
            let (Some(scaled), &[table]) = (self.scaled(node), &node.all(2)[..]) else { continue };
            let factors = if let Some(lookups) = self.lookups(table, &scaled) {
                edits.extend(lookups.iter().map(|gather| (gather.at, scaled.look_up(gather))));
                Vec::new()
            } else if let Some(factors) = self.factors(table, &scaled) {
                matrices.insert(table, scaled.codes.text(8));
                factors
            } else {
                continue;
            };
            let tensors = [scaled.codes_in(weights), factors].concat();
            edits.extend([(node.at, Vec::new()), (scaled.cast.at, Vec::new()), (scaled.codes.at, tensors)]);
        }
        let mut rounded = HashSet::new();
        for node in &self.nodes {
            let &[x, table] = &node.all(1)[..] else { continue };
            let Some(codes) = matrices.get(table) else { continue };
            edits.insert(node.at, multiply(x, codes, table, node.text(2), rounded.insert(x)));
        }
        edits
    }

    /// Reads a node as the last of the pattern; the codes, and what the cast makes of them, must have no other reader.
    fn scaled(&self, node: &Message<'a>) -> Option<Scaled<'_, 'a>> {
        let (b"Mul", &[a, b]) = (node.operator(), &node.all(1)[..]) else { return None };
        let (float, scale) = self.tensor(b).map(|b| (a, b)).or_else(|| Some((b, self.tensor(a)?)))?;
        let cast = self.nodes.iter().find(|node| node.all(2) == [float] && self.times_read(float) == 1)?;
        let &[codes] = &cast.all(1)[..] else { return None };
        let codes = self.tensor(codes)?;
        let (&[rows, columns], &[down, across]) = (&codes.shape()[..], &scale.shape()[..]) else { return None };
        let fits = (cast.operator(), cast.attribute(b"to")) == (b"Cast", Some(1))
            && matches!((codes.number(2), scale.number(2)), (Some(2 | 3), Some(1)))
            && self.times_read(codes.text(8)) == 1
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

    /// The tensors that a matrix leaves beside its codes, if it is only multiplied with and has no scale for each row: the
    /// scales, by the name that the matrix had, and the code of zero.
    fn factors(&self, table: &[u8], scaled: &Scaled) -> Option<Vec<u8>> {
        let is_product = |node: &&Message| {
            node.operator() == b"MatMul" && matches!(node.all(1)[..], [x, matrix] if matrix == table && x != table)
        };
        let products = self.nodes.iter().filter(is_product).count();
        let &[1, columns] = &scaled.scale.shape()[..] else { return None };
        let across = tensor(table, &[columns], 1, &[field(9, &[scaled.scale.text(9)])]);
        let zero = tensor(&part(table, "zero"), &[], scaled.codes.number(2)?, &[field(9, &[[0]])]);
        (products > 0 && self.times_read(table) == products).then(|| [across, zero].concat())
    }

    fn tensor(&self, name: &[u8]) -> Option<&Message<'a>> {
        self.tensors.iter().find(|tensor| tensor.text(8) == name)
    }

    fn times_read(&self, name: &[u8]) -> usize {
        self.reads.iter().filter(|read| **read == name).count()
    }
}

impl Scaled<'_, '_> {
    /// Moves the codes to the end of `weights`.
    fn codes_in(&self, weights: &mut Vec<u8>) -> Vec<u8> {
        let start = weights.len();
        weights.extend_from_slice(self.codes.text(9));
        let data_type = self.codes.number(2).unwrap_or_default();
        tensor(self.codes.text(8), &self.codes.shape(), data_type, &external(&(start..weights.len())))
    }

    /// The nodes that take the place of a lookup in the finished table.
    fn look_up(&self, gather: &Message) -> Vec<u8> {
        let (result, ids) = (gather.text(2), gather.all(1).last().copied().unwrap_or_default());
        let [codes, scale, float] = ["codes", "scale", "float"].map(|name| part(result, name));
        [
            node("Gather", &[self.codes.text(8), ids], &[&codes], &gather.all(5)),
            node("Gather", &[self.scale.text(8), ids], &[&scale], &gather.all(5)),
            node("Cast", &[&codes], &[&float], &self.cast.all(5)),
            node("Mul", &[&float, &scale], &[result], &[]),
        ]
        .concat()
    }
}

/// The nodes that take the place of a product with a matrix of floats; the first of `x` rounds it for all.
///
/// A row that is small beside others would lose most of its 8 bits to their range: each is divided by its peak before, and
/// its sums are multiplied by that. From the product of integers to the scaled floats, the order, and the zero that other
/// files leave out, are those that the runtime makes one operation of.
fn multiply(x: &[u8], codes: &[u8], matrix: &[u8], product: &[u8], first: bool) -> Vec<u8> {
    let [magnitudes, largest, least, peaks] = ["magnitudes", "largest", "least", "peaks"].map(|name| part(x, name));
    let [level, rounded, step, offset] = ["level", "rounded", "step", "offset"].map(|name| part(x, name));
    let [sums, float, scale, scaled] = ["sums", "float", "scale", "scaled"].map(|name| part(product, name));
    let last_axis = [field(1, &["axes"]), number(8, u64::MAX), number(20, 7)].concat();
    let to_float = [field(1, &["to"]), number(3, 1), number(20, 2)].concat();
    let round = [
        node("Abs", &[x], &[&magnitudes], &[]),
        node("ReduceMax", &[&magnitudes], &[&largest], &[&last_axis]),
        // A row of zeros is not divided by zero.
        tensor(&least, &[], 1, &[field(9, &[f32::MIN_POSITIVE.to_le_bytes()])]),
        node("Max", &[&largest, &least], &[&peaks], &[]),
        node("Div", &[x, &peaks], &[&level], &[]),
        node("DynamicQuantizeLinear", &[&level], &[&rounded, &step, &offset], &[]),
    ];
    [
        if first { round.concat() } else { Vec::new() },
        node("MatMulInteger", &[&rounded, codes, &offset, &part(matrix, "zero")], &[&sums], &[]),
        node("Cast", &[&sums], &[&float], &[&to_float]),
        node("Mul", &[&step, matrix], &[&scale], &[]),
        node("Mul", &[&float, &scale], &[&scaled], &[]),
        node("Mul", &[&scaled, &peaks], &[product], &[]),
    ]
    .concat()
}

/// A name for a part of something.
fn part(name: &[u8], part: &str) -> Vec<u8> {
    [name, b"/", part.as_bytes()].concat()
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
fn node(operator: &str, inputs: &[&[u8]], outputs: &[&[u8]], attributes: &[&[u8]]) -> Vec<u8> {
    let mut parts: Vec<_> = inputs.iter().map(|input| field(1, &[input])).collect();
    parts.extend(outputs.iter().map(|output| field(2, &[output])));
    parts.push(field(4, &[operator]));
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
    const PRODUCT: [&str; 10] =
        ["Abs", "ReduceMax", "Max", "Div", "DynamicQuantizeLinear", "MatMulInteger", "Cast", "Mul", "Mul", "Mul"];
    const AXIS_0: &[u8] = b"\x0a\x04axis\x18\x00\xa0\x01\x02";

    /// Three words in two dimensions, looked up and projected to three; and more nodes.
    fn model(more: &[Vec<u8>]) -> Vec<u8> {
        let floats = |values: &[f32]| [field(9, &values.iter().map(|value| value.to_le_bytes()).collect::<Vec<_>>())];
        let graph = [
            node("Cast", &[b"words_q"], &[b"words_f"], &[TO_FLOAT]),
            node("Mul", &[b"words_f", b"words_s"], &[b"words"], &[]),
            node("Cast", &[b"matrix_q"], &[b"matrix_f"], &[TO_FLOAT]),
            node("Mul", &[b"matrix_s", b"matrix_f"], &[b"matrix"], &[]),
            node("Gather", &[b"words", b"ids"], &[b"embedding"], &[AXIS_0]),
            node("MatMul", &[b"embedding", b"matrix"], &[b"out"], &[]),
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
    fn run(model: Slim) -> Vec<f32> {
        let mut options = ModelOptions::with_all_ops();
        let model = options.external_data(WEIGHTS, model.weights).load(model.onnx).unwrap();
        let ids = Value::from_shape(&[1, 4], vec![2_i32, 0, 1, 2]).unwrap();
        model.run_one(ids.into(), None).unwrap().into_shape_vec::<f32, 3>().unwrap().1
    }

    fn operators(onnx: &[u8]) -> Option<Vec<String>> {
        let graph = Graph::read(Message::read(0, onnx)?.text(7))?;
        Some(graph.nodes.iter().map(|node| String::from_utf8_lossy(node.operator()).into_owned()).collect())
    }

    #[test]
    fn a_table_is_looked_up_before_it_is_scaled_and_a_matrix_multiplies_integers() {
        let before = model(&[]);
        let after = slim(before.clone());
        let lookup = ["Gather", "Gather", "Cast", "Mul"];
        let nodes = [&lookup[..], &PRODUCT].concat();
        assert_eq!(operators(&after.onnx), Some(nodes.into_iter().map(str::to_owned).collect()));
        assert_eq!(after.weights.len(), 12);
        let (integers, floats) = (run(after), run(Slim { onnx: before, weights: Vec::new() }));
        // Rounding is off by half of a step, 255 of which reach from the peak of the word to its opposite, for each row of
        // the matrix: a small word is read as exactly as a large one beside it.
        let peaks = [126.0 * 1.9, 2.0 * 0.1, 6.0 * 0.37, 126.0 * 1.9];
        let columns = [(7.0 + 10.0) * 0.3, (1.0 + 128.0) * 0.7, (9.0 + 12.0) * 0.011];
        let bounds = peaks.iter().flat_map(|peak| columns.map(|column| peak / 255.0 * column));
        for ((integer, float), bound) in integers.iter().zip(&floats).zip(bounds) {
            assert!((integer - float).abs() <= bound, "{integers:?} {floats:?}");
        }
        assert_ne!(integers, floats);
    }

    #[test]
    fn what_two_matrices_multiply_is_rounded_once() {
        let twice = slim(model(&[node("MatMul", &[b"embedding", b"matrix"], &[b"other"], &[])]));
        let rounds = |operators: Vec<String>| operators.iter().filter(|name| *name == "DynamicQuantizeLinear").count();
        assert_eq!(operators(&twice.onnx).map(rounds), Some(1));
        assert_eq!(run(twice), run(slim(model(&[]))));
    }

    #[test]
    fn what_something_else_reads_stays() {
        let more = |names: &[&[u8]]| model(&[node("Concat", names, &[b"other"], &[AXIS_0])]);
        let nodes = [&["Cast", "Mul", "Gather"], &PRODUCT[..], &["Concat"]].concat();
        assert_eq!(operators(&slim(more(&[b"words"])).onnx), Some(nodes.into_iter().map(str::to_owned).collect()));
        let others: [[&[u8]; 2]; 3] = [[b"words", b"matrix"], [b"words_f", b"matrix_f"], [b"words_q", b"matrix_q"]];
        for names in others {
            assert_eq!(slim(more(&names)).onnx, more(&names));
        }
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
