//! As much of Rust's syntax as the rules need: what is code, where functions lie, what words stand.

use std::ops::Range;

/// The text with comments, strings and character literals blanked; every byte keeps its place.
pub(super) fn code_of(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = Vec::with_capacity(bytes.len());
    while let Some(rest) = bytes.get(code.len()..).filter(|rest| !rest.is_empty()) {
        match hidden_length(rest) {
            Some(length) => code.extend(rest[..length].iter().map(|&byte| blank(byte))),
            None => code.push(rest[0]),
        }
    }
    String::from_utf8(code).expect("whole characters are blanked")
}

fn blank(byte: u8) -> u8 {
    if byte == b'\n' { byte } else { b' ' }
}

/// The length of the comment or literal that `rest` begins with.
fn hidden_length(rest: &[u8]) -> Option<usize> {
    match rest {
        [b'/', b'/', ..] => Some(rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len())),
        [b'/', b'*', ..] => Some(block_comment(rest)),
        [b'\'', ..] => character(rest),
        [b'"' | b'r' | b'b' | b'c', ..] => string(rest),
        _ => None,
    }
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// A character literal; `None` for a lifetime.
fn character(rest: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(&rest[1..]).ok()?;
    let first = text.chars().next()?;
    if first == '\\' {
        let escaped = 2 + text[1..].chars().next()?.len_utf8();
        let end = rest[escaped..].iter().position(|&byte| byte == b'\'')?;
        return Some(escaped + end + 1);
    }
    let end = 1 + first.len_utf8();
    (rest.get(end) == Some(&b'\'')).then_some(end + 1)
}

fn string(rest: &[u8]) -> Option<usize> {
    let mut at = usize::from(matches!(rest[0], b'b' | b'c'));
    let raw = rest.get(at) == Some(&b'r');
    at += usize::from(raw);
    let hashes = rest[at..].iter().take_while(|&&byte| raw && byte == b'#').count();
    at += hashes;
    if rest.get(at) != Some(&b'"') {
        return None;
    }
    at += 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' if !raw => at += 1,
            b'"' if rest[at + 1..].iter().take(hashes).filter(|&&b| b == b'#').count()
                == hashes =>
            {
                return Some(at + 1 + hashes);
            }
            _ => {}
        }
        at += 1;
    }
    Some(rest.len())
}

/// The code without modules under `#[cfg(test)]`, and the names of those that lie in other files.
pub(super) fn without_tests(code: &str) -> (String, Vec<String>) {
    const ATTRIBUTE: &str = "#[cfg(test)]";
    let (mut live, mut elsewhere) = (code.to_owned(), Vec::new());
    for (at, _) in code.match_indices(ATTRIBUTE) {
        let item = code[at + ATTRIBUTE.len()..].trim_start();
        let Some(name) = item.strip_prefix("mod ").and_then(first_word) else { continue };
        let start = code.len() - item.len();
        let Some(length) = item.find(['{', ';']) else { continue };
        let end = match item.as_bytes()[length] {
            b'{' => closing(code, start + length),
            _ => {
                elsewhere.push(name.to_owned());
                start + length + 1
            }
        };
        let blanked: Vec<u8> = code.as_bytes()[at..end].iter().map(|&byte| blank(byte)).collect();
        live.replace_range(at..end, &String::from_utf8(blanked).expect("only spaces"));
    }
    (live, elsewhere)
}

/// The end of the block that opens at `open`.
fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, letter) in code[open..].char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return open + at + 1;
        }
    }
    code.len()
}

/// A function with a body.
#[derive(Debug)]
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    /// From `fn` to the closing brace.
    pub(super) span: Range<usize>,
}

/// The functions of a file, outer ones first.
pub(super) fn functions(code: &str) -> Vec<Function<'_>> {
    let found = words(code, "fn").filter_map(|start| {
        let after = code[start + 2..].strip_prefix(' ')?;
        let name = first_word(after)?;
        let open = body(code, start)?;
        Some(Function { name, span: start..closing(code, open) })
    });
    found.collect()
}

/// Where the body of the function at `start` opens; `None` for a signature alone.
fn body(code: &str, start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, letter) in code[start..].char_indices() {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '{' if depth == 0 => return Some(start + at),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// Where `pattern` stands by itself: not inside a longer word, and not a lifetime.
pub(super) fn words<'a>(code: &'a str, pattern: &'a str) -> impl Iterator<Item = usize> + 'a {
    let opens = pattern.starts_with(is_word);
    let closes = pattern.ends_with(is_word);
    code.match_indices(pattern).map(|(at, _)| at).filter(move |&at| {
        let before = code[..at].chars().next_back();
        let after = code[at + pattern.len()..].chars().next();
        let inside = opens && before.is_some_and(|letter| is_word(letter) || letter == '\'');
        let goes_on = closes && after.is_some_and(is_word);
        !inside && !goes_on
    })
}

/// The word that `text` begins with.
pub(super) fn first_word(text: &str) -> Option<&str> {
    let length = text.find(|letter| !is_word(letter)).unwrap_or(text.len());
    (length > 0).then(|| &text[..length])
}

pub(super) fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The line, from 1, of a place in a text.
pub(super) fn line_at(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

#[test]
fn comments_strings_and_characters_are_no_code() {
    let text =
        "let a = \"x // \\\" y\"; // z\nlet b = r#\"q \" r\"#; /* s /* t */ u */ let c = b'\\'';\n";
    let code = code_of(text);
    assert_eq!(code.len(), text.len());
    let kept: Vec<&str> = code.split_whitespace().collect();
    assert_eq!(kept.join(" "), "let a = ; let b = ; let c = b ;");
    assert_eq!(code_of("fn f<'a>(x: &'a str, y: char) { y == '{' }").matches('{').count(), 1);
    assert_eq!(code_of("'₹' 'a"), "      'a");
}

#[test]
fn modules_of_tests_are_no_live_code() {
    let code =
        "mod a;\n#[cfg(test)]\nmod tests {\n fn x() {}\n}\nfn y() {}\n#[cfg(test)]\nmod far;\n";
    let (live, elsewhere) = without_tests(code);
    assert!(live.contains("fn y") && live.contains("mod a") && !live.contains("fn x"));
    assert_eq!((live.len(), elsewhere), (code.len(), vec!["far".to_owned()]));
}

#[test]
fn functions_are_found_with_their_bodies() {
    let code =
        "trait T { fn none(a: [u8; 2]); }\nfn one<F: Fn(u8)>(f: F)\nwhere F: X { if a { b } }\n";
    let found = functions(code);
    let [one] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((one.name, &code[one.span.end - 3..one.span.end]), ("one", "} }"));
    assert_eq!(line_at(code, one.span.start), 2);
}

#[test]
fn words_stand_alone() {
    assert_eq!(words("String Strings AString String", "String").collect::<Vec<_>>(), [0, 23]);
    assert_eq!(words("&'static str; static X", "static").collect::<Vec<_>>(), [14]);
    assert_eq!(words("a.unwrap() a.unwrap_or(1)", ".unwrap()").count(), 1);
}
