//! Whole lists, page by page.

use serde_json::Value;

use super::{Client, Failure, url::Url};

/// How many objects are asked for at once, where lists have pages.
const PAGE: usize = 1000;

/// Networks or peerings: every page of the list as one.
pub(super) async fn list(client: &Client, url: Url) -> Result<Value, Failure> {
    let url = url.with("limit", PAGE);
    let mut answer = page(client, &url).await?;
    let mut next = answer["next"].take();
    while let Some(after) = next.as_str().map(str::to_owned) {
        let mut more = page(client, &url.clone().with("after", &after)).await?;
        next = more["next"].take();
        if next == after {
            return Err(client.foreign(format!("its list of {} has no end", url.path())));
        }
        if let (Value::Array(items), Value::Array(more)) =
            (&mut answer["items"], more["items"].take())
        {
            items.extend(more);
        }
    }
    if let Some(answer) = answer.as_object_mut() {
        answer.remove("next");
    }
    Ok(answer)
}

/// One answer with `items`.
pub(super) async fn page(client: &Client, url: &Url) -> Result<Value, Failure> {
    let answer = client.get(url).await?;
    if answer["items"].is_array() {
        Ok(answer)
    } else {
        Err(client.foreign(format!("its answer to GET {} is no list", url.path())))
    }
}
