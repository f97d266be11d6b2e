//! Where a network's parameters come from — He initialisation or a file — and back out.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::{Device, Tensor, TensorData};
use rand_distr::{Distribution, StandardNormal};
use sha2::{Digest, Sha256};

use super::{Conv3x3, Linear};
use crate::seed;
use crate::tensor_file::{NamedTensor, NamedTensors};

/// Builds layers under the names that their tensors have in files.
pub struct Parameters<'a> {
    source: Source<'a>,
    prefix: String,
    device: &'a Device,
}

#[derive(Clone, Copy)]
enum Source<'a> {
    He(u64),
    Tensors(&'a NamedTensors),
    Shapes(&'a Shapes),
}

/// Shapes of tensors by name.
pub type Shapes = BTreeMap<String, Vec<usize>>;

impl<'a> Parameters<'a> {
    /// Fresh parameters: weights drawn from He's normal distribution (variance 2 / fan-in),
    /// each tensor from its own stream of the seed; biases 0.
    pub fn he(seed: u64, device: &'a Device) -> Self {
        Self {
            source: Source::He(seed),
            prefix: String::new(),
            device,
        }
    }

    /// Parameters read from a file.
    pub fn from_tensors(tensors: &'a NamedTensors, device: &'a Device) -> Self {
        Self {
            source: Source::Tensors(tensors),
            prefix: String::new(),
            device,
        }
    }

    /// No parameters, only the shapes that a file's header claims: building a network from
    /// them checks every name and shape and allocates nothing.
    pub fn check(shapes: &'a Shapes, device: &'a Device) -> Self {
        Self {
            source: Source::Shapes(shapes),
            prefix: String::new(),
            device,
        }
    }

    /// Output channels of a layer, read off its weight in the file.
    ///
    /// # Errors
    /// As [`Self::conv3x3`]; fresh parameters have no width of their own.
    pub fn out_channels(&self, layer: &str) -> Result<usize, String> {
        let name = format!("{}{layer}.weight", self.prefix);
        let shape = match self.source {
            Source::He(_) => None,
            Source::Tensors(tensors) => tensors.get(&name).map(|tensor| &tensor.shape),
            Source::Shapes(shapes) => shapes.get(&name),
        };
        let channels = shape.ok_or_else(|| missing(&name))?.first().copied();
        channels
            .filter(|&channels| channels > 0)
            .ok_or_else(|| format!("its tensor '{name}' is empty"))
    }

    /// The same source, for names that begin with `name.`.
    pub fn scope(&self, name: &str) -> Self {
        Self {
            source: self.source,
            prefix: format!("{}{name}.", self.prefix),
            device: self.device,
        }
    }

    /// A 3×3 convolution named `name`.
    ///
    /// # Errors
    /// A sentence that names the tensor that is missing or has another shape.
    pub fn conv3x3(&self, name: &str, inputs: usize, outputs: usize) -> Result<Conv3x3, String> {
        let weight = self.tensor(
            &format!("{name}.weight"),
            [outputs, inputs, 3, 3],
            inputs * 9,
        )?;
        let bias = self.zeros(&format!("{name}.bias"), [outputs])?;
        Ok(Conv3x3 { weight, bias })
    }

    /// A linear layer named `name`.
    ///
    /// # Errors
    /// As [`Self::conv3x3`].
    pub fn linear(&self, name: &str, inputs: usize, outputs: usize) -> Result<Linear, String> {
        let weight = self.tensor(&format!("{name}.weight"), [outputs, inputs], inputs)?;
        let bias = self.zeros(&format!("{name}.bias"), [outputs])?;
        Ok(Linear { weight, bias })
    }

    /// A weight of any rank; `fan_in` is the number of inputs of one output.
    ///
    /// # Errors
    /// As [`Self::conv3x3`].
    pub fn tensor<const D: usize>(
        &self,
        name: &str,
        shape: [usize; D],
        fan_in: usize,
    ) -> Result<Param<Tensor<D>>, String> {
        self.parameter(name, shape, |seed, name| {
            he_normal(seed, name, shape.iter().product(), fan_in)
        })
    }

    /// A parameter that starts at 0.
    ///
    /// # Errors
    /// As [`Self::conv3x3`].
    pub fn zeros<const D: usize>(
        &self,
        name: &str,
        shape: [usize; D],
    ) -> Result<Param<Tensor<D>>, String> {
        self.parameter(name, shape, |_, _| vec![0.0; shape.iter().product()])
    }

    fn parameter<const D: usize>(
        &self,
        name: &str,
        shape: [usize; D],
        fresh: impl Fn(u64, &str) -> Vec<f32>,
    ) -> Result<Param<Tensor<D>>, String> {
        let name = format!("{}{name}", self.prefix);
        let id = parameter_id(&name);
        let values = match self.source {
            Source::He(seed) => fresh(seed, &name),
            Source::Tensors(tensors) => {
                let tensor = tensors.get(&name).ok_or_else(|| missing(&name))?;
                check_shape(&name, &tensor.shape, &shape)?;
                tensor.values.clone()
            }
            Source::Shapes(shapes) => {
                let found = shapes.get(&name).ok_or_else(|| missing(&name))?;
                check_shape(&name, found, &shape)?;
                let lazy = move |device: &Device, _: bool| Tensor::zeros(shape, device);
                let device = self.device.clone();
                return Ok(Param::uninitialized(id, lazy, device, false, shape.into()));
            }
        };
        let value = Tensor::from_data(TensorData::new(values, shape), self.device);
        Ok(Param::initialized(id, value).set_require_grad(true))
    }
}

/// An id that depends on the name alone, so that an optimizer's state finds its parameters
/// again in another process.
fn parameter_id(name: &str) -> ParamId {
    let hash: [u8; 32] = Sha256::digest(name).into();
    let mut id = [0; 8];
    id.copy_from_slice(&hash[..8]);
    ParamId::from(u64::from_le_bytes(id))
}

fn he_normal(seed: u64, name: &str, count: usize, fan_in: usize) -> Vec<f32> {
    let deviation = (2.0 / fan_in as f32).sqrt();
    let mut random = seed::stream(seed, name);
    (0..count)
        .map(|_| {
            let normal: f32 = StandardNormal.sample(&mut random);
            deviation * normal
        })
        .collect()
}

fn missing(name: &str) -> String {
    format!("it lacks the tensor '{name}'")
}

fn check_shape(name: &str, found: &[usize], needed: &[usize]) -> Result<(), String> {
    if found == needed {
        return Ok(());
    }
    Err(format!(
        "its tensor '{name}' has the shape {found:?} where {needed:?} is needed"
    ))
}

/// Every parameter of a module under its dotted path (`student.conv0.weight`).
pub fn named_tensors<M: Module>(module: &M) -> NamedTensors {
    #[derive(Default)]
    struct Collect {
        path: Vec<String>,
        tensors: NamedTensors,
    }
    impl ModuleVisitor for Collect {
        fn enter_module(&mut self, name: &str, _container: &str) {
            self.path.push(name.to_owned());
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.pop();
        }
        fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
            let data = parameter.val().into_data();
            let tensor = NamedTensor {
                shape: data.shape().to_vec(),
                values: data.iter::<f32>().collect(),
            };
            self.tensors.insert(self.path.join("."), tensor);
        }
    }
    let mut collect = Collect::default();
    module.visit(&mut collect);
    collect.tensors
}
