//! What a page of an evaluation is made of.

use super::example::Example;
use oddspot_measure::report::Evaluation;

/// What a page of an evaluation is made of.
#[derive(Clone, Copy, Debug)]
pub struct Measured<'a> {
    /// What was measured.
    pub evaluation: &'a Evaluation,
    /// The same of a baseline, which the model is compared with.
    pub baseline: Option<&'a Evaluation>,
    /// The images to show, in their order.
    pub examples: &'a [Example],
}
