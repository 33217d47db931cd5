//! The notation of packets, read: which layers there are and what each says. What
//! that means is for `frame`, `inside`, `options` and `words`; all of them are
//! strict: what nobody asked for is an error.

/// A sentence on what is wrong in a table, or what was asked for.
pub(super) type Read<T> = Result<T, String>;

/// One layer: `udp(40000 > 53, checksum=0)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layer {
    pub(super) name: String,
    /// Key and value; a word without a value is a key alone.
    says: Vec<(String, String)>,
}

/// Layers, separated by slashes.
pub(super) fn layers(text: &str) -> Read<Vec<Layer>> {
    split(text, '/')?.into_iter().map(layer).collect()
}

fn layer(text: &str) -> Read<Layer> {
    let literal = |name: &str, inner: &str| Layer {
        name: name.into(),
        says: vec![(inner.into(), String::new())],
    };
    if let Some(inner) = enclosed(text, '"', '"') {
        return Ok(literal("text", inner));
    }
    if let Some(inner) = enclosed(text, '[', ']') {
        return Ok(literal("hex", inner));
    }
    let (name, inner) = match text.split_once('(') {
        None => (text, ""),
        Some((name, rest)) => match rest.strip_suffix(')') {
            Some(inner) => (name, inner),
            None => return Err(format!("`{text}` goes on behind its bracket")),
        },
    };
    let is_word = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if !is_word(name) {
        return Err(format!("`{name}` is no name of a layer"));
    }
    let mut says = Vec::new();
    if !inner.is_empty() {
        for text in split(inner, ',')? {
            let said = match (text.split_once(" > "), text.split_once('=')) {
                (Some((src, dst)), _) => vec![("src", src), ("dst", dst)],
                (None, Some((key, value))) => vec![(key, value)],
                (None, None) => vec![(text, "")],
            };
            for (key, value) in said {
                if says.iter().any(|(earlier, _)| earlier == key) {
                    return Err(format!("`{name}` says `{key}` twice"));
                }
                says.push((key.to_owned(), value.trim().to_owned()));
            }
        }
    }
    Ok(Layer {
        name: name.into(),
        says,
    })
}

fn enclosed(text: &str, open: char, close: char) -> Option<&str> {
    text.strip_prefix(open)?.strip_suffix(close)
}

/// What stands between separators that are in no brackets and no quotes.
pub(super) fn split(text: &str, separator: char) -> Read<Vec<&str>> {
    let (mut pieces, mut start, mut open, mut quoted) = (Vec::new(), 0, Vec::new(), false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' => open.push(')'),
            '[' => open.push(']'),
            ')' | ']' if open.pop() != Some(c) => {
                return Err(format!("`{c}` closes nothing in `{text}`"));
            }
            _ if c == separator && open.is_empty() => {
                pieces.push(text[start..at].trim());
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    pieces.push(text[start..].trim());
    if quoted || !open.is_empty() {
        return Err(format!("`{text}` does not close what it opens"));
    }
    // Several blanks separate no more than one does.
    if separator == ' ' {
        pieces.retain(|piece| !piece.is_empty());
    } else if pieces.iter().any(|piece| piece.is_empty()) {
        return Err(format!("`{text}` has nothing between two `{separator}`"));
    }
    Ok(pieces)
}

/// The same packet with what `changes` says of some of its layers, in their order.
pub(super) fn changed(layers: &[Layer], changes: &[Layer]) -> Read<Vec<Layer>> {
    let mut layers = layers.to_vec();
    let mut from = 0;
    for change in changes {
        let found = layers[from..].iter().position(|l| l.name == change.name);
        let Some(found) = found else {
            return Err(format!("`{}` is no layer of what came in", change.name));
        };
        from += found;
        for (key, value) in &change.says {
            layers[from].set(key, value);
        }
        from += 1;
    }
    Ok(layers)
}

impl Layer {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            says: Vec::new(),
        }
    }

    pub(super) fn set(&mut self, key: &str, value: &str) {
        self.says.retain(|(earlier, _)| earlier != key);
        self.says.push((key.into(), value.into()));
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let said = self.says.iter().find(|(said, _)| said == key);
        said.map(|(_, value)| value.as_str())
    }

    /// All it says, to be taken piece by piece.
    pub(super) fn said(&self) -> Said<'_> {
        let says = self.says.iter();
        Said {
            layer: &self.name,
            left: says.map(|(k, v)| (k.as_str(), v.as_str())).collect(),
        }
    }
}

/// What a layer says and nobody has asked for yet.
pub(super) struct Said<'a> {
    layer: &'a str,
    left: Vec<(&'a str, &'a str)>,
}

impl<'a> Said<'a> {
    /// The value of a key.
    pub(super) fn text(&mut self, key: &str) -> Option<&'a str> {
        let found = self.left.iter().position(|(said, _)| *said == key)?;
        Some(self.left.remove(found).1)
    }

    pub(super) fn must(&mut self, key: &str) -> Read<&'a str> {
        self.text(key)
            .ok_or_else(|| format!("`{}` does not say its `{key}`", self.layer))
    }

    /// The first word that has no value.
    pub(super) fn word(&mut self) -> Read<&'a str> {
        let found = self.left.iter().position(|(_, value)| value.is_empty());
        let found = found.ok_or_else(|| format!("`{}` says too little", self.layer))?;
        Ok(self.left.remove(found).0)
    }

    /// Whether a word is there.
    pub(super) fn flag(&mut self, word: &str) -> bool {
        let before = self.left.len();
        self.left.retain(|said| *said != (word, ""));
        self.left.len() < before
    }

    /// The number of a key, if it is said.
    pub(super) fn number<T: TryFrom<u64>>(&mut self, key: &str) -> Read<Option<T>> {
        self.text(key).map(number).transpose()
    }

    pub(super) fn done(self) -> Read<()> {
        match self.left.first() {
            None => Ok(()),
            Some((key, _)) => Err(format!("`{}` has no `{key}`", self.layer)),
        }
    }
}

/// A number, decimal or as 0x and hexadecimal digits.
pub(super) fn number<T: TryFrom<u64>>(text: &str) -> Read<T> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    let number = number.ok().and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| format!("`{text}` is no number that fits here"))
}

/// Bytes in hexadecimal; blanks are for the reader.
pub(super) fn hex(text: &str) -> Read<Vec<u8>> {
    let digits: String = text.split_whitespace().collect();
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).ok()?;
        (pair.len() == 2 && !pair.starts_with('+')).then_some(())?;
        u8::from_str_radix(pair, 16).ok()
    };
    let bytes: Option<Vec<u8>> = digits.as_bytes().chunks(2).map(byte).collect();
    bytes.ok_or_else(|| format!("`{text}` is no row of bytes"))
}

#[test]
fn layers_words_and_values_are_told_apart() {
    let read = layers(r#"ip(a > b, ttl=0x10, df) / udp / "a / b" / [00 ff]"#).unwrap();
    let names: Vec<&str> = read.iter().map(|layer| layer.name.as_str()).collect();
    assert_eq!(names, ["ip", "udp", "text", "hex"]);
    let mut ip = read[0].said();
    assert_eq!((ip.must("src"), ip.must("dst")), (Ok("a"), Ok("b")));
    assert_eq!(ip.number::<u8>("ttl"), Ok(Some(16)));
    assert!(ip.flag("df") && !ip.flag("mf"));
    assert_eq!(ip.done(), Ok(()));
    assert_eq!(read[2].said().word(), Ok("a / b"));
}

#[test]
fn what_cannot_be_read_is_an_error() {
    for wrong in [
        "",
        "ip /",
        "ip(",
        "ip(df))",
        "ip(df] / udp",
        "ip(df, df)",
        "ip(ttl=1, ttl=2)",
        "ip(a,)",
        "\"open",
        "two words",
        "udp(1) 2",
    ] {
        assert!(layers(wrong).is_err(), "{wrong}");
    }
    assert!(layers("udp(lenght=8)").unwrap()[0].said().done().is_err());
    assert!(number::<u8>("256").is_err() && number::<u8>("x").is_err());
    assert!(hex("0").is_err() && hex("0g").is_err() && hex("+1").is_err());
}

#[test]
fn a_change_concerns_the_layers_it_names_and_no_others() {
    let read = |text| layers(text).unwrap();
    let came = read("eth / ip(a > b, ttl=64) / udp(1 > 2)");
    let went = changed(&came, &read("eth(dst=c) / ip(ttl=63)")).unwrap();
    assert_eq!(went[0].get("dst"), Some("c"));
    assert_eq!(went[1].get("ttl"), Some("63"));
    assert_eq!(went[1].get("src"), Some("a"));
    assert_eq!(went[2], came[2]);
    assert!(changed(&came, &read("tcp(syn)")).is_err());
    assert!(changed(&came, &read("udp / ip")).is_err());
}
