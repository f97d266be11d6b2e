//! Everything that is learned, as one module: what training optimises and a model file holds.

use burn::module::Module;

use crate::config::{Config, Method};
use crate::loss::LossWeights;
use crate::network::Parameters;
use crate::position::PositionClassifier;
use crate::student::Student;

/// Everything that is learned.
#[derive(Module, Debug)]
pub struct Networks {
    /// The student.
    pub student: Student,
    /// The position classifier, absent in the baseline.
    pub position: Option<PositionClassifier>,
    /// The learned weights of the losses, absent in the baseline.
    pub loss: Option<LossWeights>,
}

impl Networks {
    /// The networks of a configuration for a teacher with the given channels, from fresh
    /// parameters or a file's.
    ///
    /// # Errors
    /// A sentence that names the tensor that is missing or has another shape.
    pub fn new(
        parameters: &Parameters,
        config: &Config,
        teacher_channels: [usize; 3],
        with_loss: bool,
    ) -> Result<Self, String> {
        let student = Student::new(
            &parameters.scope("student"),
            &config.student,
            teacher_channels,
        )?;
        let full = config.method == Method::Full;
        let features = teacher_channels[2];
        let position = full
            .then(|| {
                let scope = parameters.scope("position");
                PositionClassifier::new(&scope, &config.position, features)
            })
            .transpose()?;
        let loss = (full && with_loss)
            .then(|| LossWeights::new(&parameters.scope("loss")))
            .transpose()?;
        Ok(Self {
            student,
            position,
            loss,
        })
    }
}
