//! A row of a table file: one packet or several alike, and what becomes of them.

use serde::Deserialize;

use super::{
    expected::{Counted, Verdict},
    frame::{self, Bench, Frame},
    notation::{Layer, Read, changed, number},
    words,
};
use crate::datapath::{
    case::Case,
    outcome::{Arrival, Gso},
    places::Places,
    world::Port,
};

/// As it stands in the file; tests/packets/README.md tells what each line means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    about: String,
    #[serde(default)]
    rfc: String,
    /// Column heads, and one line for each packet.
    #[serde(default)]
    with: String,
    peering: Option<Consents>,
    #[serde(rename = "in")]
    arrives: String,
    cut: Option<String>,
    gso: Option<String>,
    linear: Option<String>,
    verdict: String,
    xdp: Option<String>,
    out: Option<String>,
    answer: Option<String>,
    counted: Option<String>,
}

/// Lines of blue's and of green's consent to their peering.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Consents {
    pub(super) blue: String,
    pub(super) green: String,
}

/// A case, and what the two networks declare if not what the world is made of.
pub(super) struct Played {
    pub(super) case: Case,
    pub(super) peering: Option<Consents>,
}

impl Row {
    /// The cases it stands for.
    pub(super) fn cases(&self) -> Read<Vec<Played>> {
        self.filled()
            .and_then(|rows| {
                let each = rows.iter().map(Self::of_families);
                Ok(each
                    .collect::<Read<Vec<_>>>()?
                    .into_iter()
                    .flatten()
                    .collect())
            })
            .map_err(|error| format!("{}: {error}", self.about))
    }

    /// One row for each line of `with`, its cells in the place of `<head>`.
    fn filled(&self) -> Read<Vec<Self>> {
        let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect();
        let mut lines = self.with.lines().map(cells);
        let heads: Vec<String> = lines.next().unwrap_or_default();
        let lines: Vec<Vec<String>> = lines.collect();
        if self.with.is_empty() {
            return self.clone().complete().map(|row| vec![row]);
        }
        let fill = |line: &Vec<String>| {
            if line.len() != heads.len() {
                return Err(format!(
                    "{} columns, but {} in {line:?}",
                    heads.len(),
                    line.len()
                ));
            }
            let mut row = self.clone();
            for (head, cell) in heads.iter().zip(line) {
                let head = format!("<{head}>");
                if !row.texts().iter().any(|text| text.contains(&head)) {
                    return Err(format!("nothing says {head}"));
                }
                row.texts()
                    .into_iter()
                    .for_each(|text| *text = text.replace(&head, cell));
            }
            row.complete()
        };
        lines.iter().map(fill).collect()
    }

    /// Nothing left to be filled in.
    fn complete(mut self) -> Read<Self> {
        let is_open = |text: &&mut String| text.contains('<') && text.contains('>');
        match self.texts().into_iter().find(is_open) {
            Some(text) => Err(format!("no column for `{text}`")),
            None => Ok(self),
        }
    }

    fn texts(&mut self) -> Vec<&mut String> {
        let always = [
            &mut self.about,
            &mut self.rfc,
            &mut self.arrives,
            &mut self.verdict,
        ];
        let sometimes = [
            &mut self.cut,
            &mut self.gso,
            &mut self.linear,
            &mut self.xdp,
            &mut self.out,
            &mut self.answer,
            &mut self.counted,
        ];
        let sometimes = sometimes.into_iter().flatten();
        let declared = self
            .peering
            .iter_mut()
            .flat_map(|c| [&mut c.blue, &mut c.green]);
        always
            .into_iter()
            .chain(sometimes)
            .chain(declared)
            .collect()
    }

    fn of_families(&self) -> Read<Vec<Played>> {
        let (port, layers) = on_port(&self.arrives)?;
        let (port, layers) = (words::port(port)?, frame::read(layers)?);
        let mut cases = Vec::new();
        for at in frame::families(&layers)? {
            let bench = Bench {
                at,
                port,
                quoted: None,
            };
            let whole = bench.frame(&layers)?;
            let text = format!("{} ({})", self.about, at.family);
            let Some(cut) = &self.cut else {
                cases.push(self.case(text, at, port, &layers, whole.bytes)?);
                continue;
            };
            let (first, last) = cut.split_once("..").ok_or("`cut` is not a..b")?;
            let (first, last) = (number::<usize>(first)?, number::<usize>(last)?);
            if first > last || last >= whole.bytes.len() {
                return Err(format!(
                    "`{cut}` cuts nothing of {} bytes",
                    whole.bytes.len()
                ));
            }
            for length in first..=last {
                let text = format!("{text}, cut to {length}");
                let frame = whole.bytes[..length].to_vec();
                cases.push(self.case(text, at, port, &layers, frame)?);
            }
        }
        Ok(cases)
    }

    fn case(
        &self,
        text: String,
        at: &Places,
        port: Port,
        layers: &[Layer],
        frame: Vec<u8>,
    ) -> Read<Played> {
        let mut arrival = Arrival::new(port.index, frame);
        if let Some(gso) = &self.gso {
            let (size, segments) = gso
                .split_once(" x ")
                .ok_or("`gso` is not size x segments")?;
            arrival.gso = Gso {
                size: number(size)?,
                segments: number(segments)?,
            };
        }
        arrival.linear = self.linear.as_deref().map(number).transpose()?;
        let verdict = Verdict::read(&self.verdict)?;
        let xdp = self.xdp.as_deref().map_or(Ok(verdict), Verdict::read)?;
        let counted = Counted::read(self.counted.as_deref(), at, port)?;
        let out = match &self.out {
            Some(out) => Some(sent(out, at, port, layers)?),
            None => None,
        };
        let answer = match &self.answer {
            Some(answer) => {
                let quoted = Bench {
                    at,
                    port,
                    quoted: None,
                }
                .frame(layers)?;
                let (by, layers) = on_port(answer)?;
                let mut layers = frame::read(layers)?;
                set_default(&mut layers[0], "src", by);
                let quoted = Some(quoted.packet());
                Some(
                    Bench {
                        at,
                        port: words::port(by)?,
                        quoted,
                    }
                    .frame(&layers)?,
                )
            }
            None => None,
        };
        let hooks = [xdp, verdict];
        let forwards = |verdict: &Verdict| *verdict == Verdict::Forward;
        let uses_out = hooks.iter().any(forwards);
        if uses_out != out.is_some() {
            return Err("`out` belongs to `forward` and to nothing else".into());
        }
        if matches!(verdict, Verdict::Answer(_)) != answer.is_some() {
            return Err("`answer` belongs to the verdict `answer`".into());
        }
        let [xdp, tc] = hooks.map(|v| v.outcome(&arrival, out.as_ref(), answer.as_ref(), &counted));
        Ok(Played {
            case: Case::new(text, &port, arrival, xdp?, tc?),
            peering: self.peering.clone(),
        })
    }
}

/// What leaves: the packet that came, changed, by a port or left to the kernel.
fn sent(out: &str, at: &Places, port: Port, layers: &[Layer]) -> Read<Frame> {
    let (by, changes) = on_port(out)?;
    let mut changes = frame::read(changes)?;
    let is_cut = changes
        .pop_if(|last| *last == Layer::new("unpadded"))
        .is_some();
    if by == "unresolved" {
        if changes[0] != Layer::new("eth") {
            return Err("the kernel writes the MACs for an unresolved next hop".into());
        }
    } else {
        words::port(by)?;
        set_default(&mut changes[0], "src", by);
        if changes[0].get("dst").is_none() {
            return Err("`out` does not say to which MAC".into());
        }
    }
    let bench = Bench {
        at,
        port,
        quoted: None,
    };
    let frame = bench.frame(&changed(layers, &changes)?)?;
    if is_cut { frame.unpadded() } else { Ok(frame) }
}

fn set_default(layer: &mut Layer, key: &str, value: &str) {
    if layer.get(key).is_none() {
        layer.set(key, value);
    }
}

/// `blue / …`: the port, and the rest.
fn on_port(text: &str) -> Read<(&str, &str)> {
    let (port, rest) = text
        .split_once('/')
        .ok_or("no port in front of the packet")?;
    Ok((port.trim(), rest.trim()))
}
