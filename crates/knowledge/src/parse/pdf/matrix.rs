//! The coordinates of text on a page.

/// `[a b c d e f]` of the PDF standard.
pub(super) type Matrix = [f32; 6];

/// Leaves coordinates as they are.
pub(super) const IDENTITY: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

/// First `a`, then `b`.
pub(super) fn multiply(a: &Matrix, b: &Matrix) -> Matrix {
    [
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
        a[4] * b[0] + a[5] * b[2] + b[4],
        a[4] * b[1] + a[5] * b[3] + b[5],
    ]
}

pub(super) fn advance(text: &mut Matrix, distance: f32) {
    text[4] += distance * text[0];
    text[5] += distance * text[1];
}

/// Quarter turns of the direction of writing.
pub(super) fn turn(matrix: &Matrix) -> u8 {
    let (x, y) = (matrix[0], matrix[1]);
    if x.abs() >= y.abs() {
        if x >= 0.0 { 0 } else { 2 }
    } else if y > 0.0 {
        1
    } else {
        3
    }
}

/// Coordinates in which turned text runs to the right.
pub(super) fn rotate(x: f32, y: f32, turn: u8) -> (f32, f32) {
    match turn {
        1 => (y, -x),
        2 => (-x, -y),
        3 => (-y, x),
        _ => (x, y),
    }
}
