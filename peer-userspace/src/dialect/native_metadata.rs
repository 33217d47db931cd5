//! `metadata`, which both native kinds share.

use std::collections::BTreeMap;

use super::{Findings, value::Value};
use crate::model::{Name, ObjectRef};

/// What Kubernetes writes there and nothing here depends on.
const IGNORED: [&str; 8] = [
    "annotations",
    "creationTimestamp",
    "finalizers",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "uid",
];

/// Each part that could be read: an object with a bad label still counts when
/// names are compared.
#[derive(Default)]
pub(super) struct Metadata {
    pub(super) id: Option<ObjectRef>,
    pub(super) labels: Option<BTreeMap<String, String>>,
}

/// Reads `metadata`.
pub(super) fn read(value: &Value<'_>, findings: &mut Findings) -> Metadata {
    let Some(mut fields) = value.fields(findings) else {
        return Metadata::default();
    };
    let namespace = match fields.optional("namespace") {
        Some(namespace) => namespace.name(findings),
        None => Some(Name::default_namespace()),
    };
    let name = fields
        .required("name", findings)
        .and_then(|name| name.name(findings));
    let labels = match fields.optional("labels") {
        Some(labels) => read_labels(&labels, findings),
        None => Some(BTreeMap::new()),
    };
    fields.finish(&IGNORED, findings);
    let id = namespace
        .zip(name)
        .map(|(namespace, name)| ObjectRef { namespace, name });
    Metadata { id, labels }
}

fn read_labels(value: &Value<'_>, findings: &mut Findings) -> Option<BTreeMap<String, String>> {
    let labels: Vec<_> = value
        .fields(findings)?
        .all()
        .map(|(key, value)| Some((key.to_owned(), value.string(findings)?.to_owned())))
        .collect();
    labels.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::super::{parse, tests::errors};

    /// A network with this metadata, on line 3 from column 13 on.
    fn metadata(metadata: &str) -> String {
        format!(
            "apiVersion: peerd/v1\nkind: Network\n\
             metadata:   {metadata}\nspec: {{ prefixes: [10.1.0.0/16] }}\n"
        )
    }

    #[test]
    fn what_kubernetes_adds_is_ignored() {
        let text = metadata(
            "{ name: a, annotations: { x: 1 }, uid: 5, resourceVersion: '7', generation: 2, \
             creationTimestamp: null, managedFields: [{}], finalizers: [], ownerReferences: [] }",
        );
        assert!(parse(&text).is_ok());
    }

    #[test]
    fn labels_are_strings() {
        let text = metadata("{ name: a, labels: { app.kubernetes.io/name: x, 1: '2' } }");
        let network = parse(&text).unwrap().networks.remove(0).0;
        let labels: Vec<_> = network.labels.iter().collect();
        assert_eq!(labels.len(), 2);
        assert_eq!(network.labels["app.kubernetes.io/name"], "x");
        assert_eq!(network.labels["1"], "2");
        assert_eq!(
            errors(&metadata(
                "{ name: a, labels: { env: 1, on: yes, b: false, c: } }"
            )),
            [
                "3:39: metadata.labels.env: `1` is read as a number; write \"1\" in quotes",
                "3:54: metadata.labels.b: `false` is read as a boolean; \
                 write \"false\" in quotes",
                "3:62: metadata.labels.c: has no value; write a string",
            ]
        );
        assert_eq!(
            errors(&metadata("{ name: a, labels: [env] }")),
            ["3:32: metadata.labels: must be a mapping, not a list"]
        );
    }

    #[test]
    fn an_object_has_a_name() {
        assert_eq!(
            errors(&metadata("{ namespace: a.b, nam: c }")),
            [
                "3:13: metadata.name: missing",
                "3:26: metadata.namespace: `a.b` is not a DNS label: use 1 to 63 of a-z, \
                 0-9 and -, starting and ending with a letter or digit",
                "3:31: metadata.nam: unknown field; did you mean `name`?",
            ]
        );
        assert_eq!(
            errors(&metadata("{ name: 123 }")),
            ["3:21: metadata.name: `123` is read as a number; write \"123\" in quotes"]
        );
        assert_eq!(
            errors(&metadata("{ name: a, selfLink: x }")),
            ["3:24: metadata.selfLink: unknown field; \
              the known ones are namespace, name and labels"]
        );
        assert_eq!(
            errors(&metadata("~")),
            ["3:13: metadata: has no value; write a mapping"]
        );
    }
}
