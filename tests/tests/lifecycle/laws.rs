//! The laws of consent, one by one, each as a short story.

mod admission;
mod ends;
mod ids;
mod origins;
mod quotas;
mod rows;
mod seniority;
mod telling;
mod withdrawal;
