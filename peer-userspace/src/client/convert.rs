//! `peerctl convert`: documents of other systems in native form, without a daemon.

use super::{
    Exit, Failure,
    documents::Files,
    failure::note,
    output::{print, yaml},
    tables::Tables,
};
use crate::dialect::{self, Converted};

/// Arguments of `convert`.
#[derive(Clone, Debug, clap::Args)]
pub struct Convert {
    #[command(flatten)]
    files: Files,
}

impl Convert {
    /// Print what the files declare together as native documents.
    ///
    /// # Errors
    /// If the files are not valid, or something in them has no native form; all else is
    /// printed then.
    pub fn run(&self) -> Result<Exit, Failure> {
        let tables = Tables::read(&self.files)?;
        let converted = dialect::convert(tables.whole.table());
        for warning in &converted.warnings {
            note(&format!("{warning} (warning)"));
        }
        let stream = stream(&converted)?;
        if !stream.is_empty() {
            print(&stream)?;
        }
        match converted.lost.as_slice() {
            [] => Ok(Exit::Done),
            [one] => Err(Failure::Failed(format!("not carried over: {one}"))),
            lost => {
                for one in lost {
                    note(&format!("not carried over: {one}"));
                }
                Err(Failure::Failed(format!(
                    "{} things are not carried over",
                    lost.len()
                )))
            }
        }
    }
}

/// The documents, with what there is to say about them as comments.
fn stream(converted: &Converted) -> Result<String, Failure> {
    let mut stream = String::new();
    for lost in &converted.lost {
        stream.push_str(&format!("# not carried over: {lost}\n"));
    }
    for document in &converted.documents {
        stream.push_str("---\n");
        for what in &document.notes {
            stream.push_str(&format!("# {what}\n"));
        }
        stream.push_str(yaml(&document.content)?.trim_end());
        stream.push('\n');
    }
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_what_was_converted() {
        let text = "\
apiVersion: peerd/v1
kind: Network
metadata: { namespace: '1', name: 'on', labels: { a: 'yes', b: '1.0', c: '', d: \"# x\" } }
spec: { zone: 'null', prefixes: ['fd00:1::/48'], source: { apiVersion: kubeovn.io/v1, kind: Vpc, name: vpc-1 } }
---
apiVersion: peerd/v1
kind: Peering
metadata: { namespace: '1', name: p }
spec:
  network: 'on'
  description: 'a: b # c'
  peer: { source: { apiVersion: x/v1, kind: Y, namespace: \"a\\n---\\nb\", name: '~' } }
---
apiVersion: networking.api.onmetal.de/v1alpha1
kind: NetworkPeeringRequest
metadata: { name: x }
spec: { localNetworkRef: { name: \"a\\n---\\nb\" }, remoteNetworkRef: { name: y } }
";
        let converted = dialect::convert(dialect::parse(text).unwrap().table());
        let stream = stream(&converted).unwrap();
        assert!(stream.starts_with("# not carried over: NetworkPeeringRequest default/x: "));
        let again = dialect::convert(dialect::parse(&stream).unwrap().table());
        assert_eq!(again.documents, converted.documents, "{stream}");
        assert_eq!(again.documents.len(), 2);
    }
}
