//! Keys of the words for what the history and the library know by kind.

use crate::history::{GoodSource, JobKind, JobState, Role, TokenRole, Truth};
pub use crate::words::verdict_key as verdict;

/// Of what somebody labelled a part as.
pub fn labelled(truth: Truth) -> &'static str {
    match truth {
        Truth::Good => "labelled-good",
        Truth::Bad => "labelled-bad",
    }
}

/// Of a person's role.
pub fn role(role: Role) -> &'static str {
    match role {
        Role::Operator => "role-operator",
        Role::Engineer => "role-engineer",
        Role::Admin => "role-admin",
    }
}

/// Of a program's role.
pub fn token_role(role: TokenRole) -> &'static str {
    match role {
        TokenRole::Machine => "role-machine",
        TokenRole::Reader => "role-reader",
    }
}

/// Of what a job does.
pub fn job(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Audit => "job-audit",
        JobKind::Instant => "job-instant",
        JobKind::Default => "job-default",
        JobKind::Extend => "job-extend",
        JobKind::Calibrate => "job-calibrate",
        JobKind::Compare => "job-compare",
        JobKind::Labels => "job-labels",
        JobKind::Verify => "job-verify",
    }
}

/// Of how a job is.
pub fn job_state(state: JobState) -> &'static str {
    match state {
        JobState::Waiting => "job-waiting",
        JobState::Running => "job-running",
        JobState::Done => "job-done",
        JobState::Failed => "job-failed",
        JobState::Cancelled => "job-cancelled",
        JobState::Interrupted => "job-interrupted",
    }
}

/// Of where a good image comes from.
pub fn good_source(source: GoodSource) -> &'static str {
    match source {
        GoodSource::Upload => "good-by-upload",
        GoodSource::History => "good-by-history",
    }
}
