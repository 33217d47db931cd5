//! Peerings asked for through one system's front-end and answered through another's.

#[path = "every_way/documents.rs"]
mod documents;
#[path = "every_way/front.rs"]
mod front;
#[path = "every_way/http.rs"]
mod http;
#[path = "every_way/pairs.rs"]
mod pairs;
#[path = "every_way/restart.rs"]
mod restart;
