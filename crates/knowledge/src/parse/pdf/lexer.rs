//! The words of a content stream or a character map.

/// A word.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'c> {
    Number(f32),
    Name(&'c [u8]),
    String(Vec<u8>),
    /// `[`, or `<<` with `true`.
    Open(bool),
    /// `]`, or `>>` with `true`.
    Close(bool),
    Operator(&'c [u8]),
}

/// Reads words without ever failing: what is no word is passed over.
#[derive(Debug)]
pub(super) struct Lexer<'c> {
    bytes: &'c [u8],
    at: usize,
}

impl<'c> Lexer<'c> {
    pub(super) fn new(bytes: &'c [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Passes over the data of an inline image, up to its `EI`.
    pub(super) fn skip_image(&mut self) {
        while self.at < self.bytes.len() {
            let rest = &self.bytes[self.at..];
            let Some(found) = rest.windows(2).position(|window| window == b"EI") else {
                self.at = self.bytes.len();
                return;
            };
            let before = found.checked_sub(1).map(|index| rest[index]);
            let after = rest.get(found + 2).copied();
            self.at += found + 2;
            if before.is_none_or(is_space) && after.is_none_or(is_space) {
                return;
            }
        }
    }

    fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'%' {
                while self.peek().is_some_and(|byte| !matches!(byte, b'\n' | b'\r')) {
                    self.at += 1;
                }
            } else if is_space(byte) {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    fn regular(&mut self) -> &'c [u8] {
        let start = self.at;
        while self.peek().is_some_and(|byte| !is_space(byte) && !is_delimiter(byte)) {
            self.at += 1;
        }
        &self.bytes[start..self.at]
    }

    /// A string in round brackets, from behind the first.
    fn literal(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut depth = 1_usize;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'(' => depth += 1,
                b')' => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                b'\\' => {
                    self.escape(&mut out);
                    continue;
                }
                _ => {}
            }
            out.push(byte);
        }
        out
    }

    fn escape(&mut self, out: &mut Vec<u8>) {
        let Some(byte) = self.peek() else { return };
        self.at += 1;
        match byte {
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'\r' if self.peek() == Some(b'\n') => self.at += 1,
            b'\n' | b'\r' => {}
            b'0'..=b'7' => {
                let mut code = u32::from(byte - b'0');
                for _ in 0..2 {
                    match self.peek() {
                        Some(digit @ b'0'..=b'7') => {
                            code = code * 8 + u32::from(digit - b'0');
                            self.at += 1;
                        }
                        _ => break,
                    }
                }
                out.push((code & 0xFF) as u8);
            }
            other => out.push(other),
        }
    }

    /// A string in angle brackets, from behind the first.
    fn hexadecimal(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut high: Option<u8> = None;
        while let Some(byte) = self.peek() {
            self.at += 1;
            if byte == b'>' {
                break;
            }
            let Some(digit) = char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()) else {
                continue;
            };
            match high.take() {
                Some(first) => out.push(first << 4 | digit),
                None => high = Some(digit),
            }
        }
        out.extend(high.map(|digit| digit << 4));
        out
    }
}

impl<'c> Iterator for Lexer<'c> {
    type Item = Token<'c>;

    fn next(&mut self) -> Option<Token<'c>> {
        loop {
            self.skip_space();
            let byte = self.peek()?;
            let double = self.bytes.get(self.at + 1) == Some(&byte);
            match byte {
                b'[' | b']' | b'<' | b'>' | b'(' | b')' | b'/' | b'{' | b'}' => self.at += 1,
                _ => {
                    let word = self.regular();
                    return Some(number(word).map_or(Token::Operator(word), Token::Number));
                }
            }
            match byte {
                b'[' => return Some(Token::Open(false)),
                b']' => return Some(Token::Close(false)),
                b'<' if double => {
                    self.at += 1;
                    return Some(Token::Open(true));
                }
                b'>' if double => {
                    self.at += 1;
                    return Some(Token::Close(true));
                }
                b'<' => return Some(Token::String(self.hexadecimal())),
                b'(' => return Some(Token::String(self.literal())),
                b'/' => return Some(Token::Name(self.regular())),
                _ => {}
            }
        }
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | 9 | 10 | 12 | 13 | 32)
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

fn number(word: &[u8]) -> Option<f32> {
    let first = *word.first()?;
    if !(first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.')) {
        return None;
    }
    let text = std::str::from_utf8(word).ok()?;
    // Some writers put two signs.
    let text = text.strip_prefix("--").unwrap_or(text);
    text.parse::<f32>().ok().filter(|number| number.is_finite())
}
