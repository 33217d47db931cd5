//! What a consent amounts to: its state, and whether the pair carries traffic.
//!
//! [`judge()`] is one function over declarations, facts and time; first match wins,
//! in the order of [`State`]. [`note()`] and [`settle()`] keep the facts. Owns the rules
//! of consent. Pure: time and chance come in as arguments.

mod exports;
mod facts;
mod free;
mod judge;
mod note;
mod overlap;
mod quota;
mod reason;
mod settle;
mod side;
mod state;

pub use exports::exports;
pub use facts::{ConsentFacts, Decisions, Facts, LISTED, NetworkFacts, Rejection};
pub use judge::{Circumstances, Pair, States, judge};
pub use note::{Uids, note};
pub use overlap::networks_overlap;
pub use quota::{Quota, QuotaOverride, Quotas, Refused, refuse};
pub use reason::{Overlap, Reason, Whom};
pub use settle::{overdue, settle};
pub use state::{State, Status};
