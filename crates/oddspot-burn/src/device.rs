//! Devices, chosen at run time.

use std::fmt;

use burn_tensor::{Device, Tensor, TensorData};
use oddspot::{Error, ErrorKind, Result, Subject};

/// The names of the devices, whether or not this build has them.
pub const NAMES: [&str; 2] = ["flex", "wgpu"];

/// A device of burn's: an engine of the library, for training and for judging.
#[derive(Clone)]
pub struct Burn {
    pub(crate) device: Device,
    pub(crate) name: &'static str,
    adapter: Option<Adapter>,
}

/// What a graphics device runs on.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "wgpu"), allow(dead_code))]
struct Adapter {
    name: String,
    /// Whether it is a program on the CPU that plays a graphics card.
    is_software: bool,
}

impl Burn {
    /// Burn's own kernels on the CPU, "flex": the reference.
    pub fn flex() -> Self {
        Self {
            device: Device::flex(),
            name: "flex",
            adapter: None,
        }
    }

    /// The best graphics adapter of this machine, "wgpu".
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) where there is no adapter; one that cannot be opened.
    #[cfg(feature = "wgpu")]
    pub fn wgpu() -> Result<Self> {
        use burn_tensor::DeviceKind;
        use burn_tensor::wgpu::WgpuInitError;

        let device = match Device::wgpu_options().init() {
            Ok(device) => device,
            // It was opened before.
            Err(WgpuInitError::Registration { .. }) => Device::wgpu(DeviceKind::DefaultDevice),
            Err(WgpuInitError::AdapterUnavailable { .. }) => {
                let reason = "no graphics adapter was found";
                return Err(unusable("wgpu", ErrorKind::NotFound, reason));
            }
            Err(error) => return Err(unusable("wgpu", ErrorKind::System, error)),
        };
        let adapter = device.identity().map(|identity| Adapter {
            name: identity.name,
            is_software: identity.physical.is_none(),
        });
        Ok(Self {
            device,
            name: "wgpu",
            adapter,
        })
    }

    /// A device by its name, one of [`NAMES`].
    ///
    /// # Errors
    /// [`Invalid`](ErrorKind::Invalid) for another name, [`NotFound`](ErrorKind::NotFound) for a device
    /// that this build or this machine does not have.
    pub fn open(name: &str) -> Result<Self> {
        match name {
            "flex" => Ok(Self::flex()),
            #[cfg(feature = "wgpu")]
            "wgpu" => Self::wgpu(),
            #[cfg(not(feature = "wgpu"))]
            "wgpu" => {
                let reason = "this build has no graphics adapters";
                Err(unusable(name, ErrorKind::NotFound, reason))
            }
            _ => {
                let reason = format!("the devices are {}", NAMES.join(" and "));
                Err(unusable(name, ErrorKind::Invalid, reason))
            }
        }
    }

    /// The graphics adapter, as it names itself; none on the CPU.
    pub fn adapter(&self) -> Option<&str> {
        self.adapter.as_ref().map(|adapter| adapter.name.as_str())
    }

    /// Whether the graphics adapter is a program on the CPU: right, but slower than the library's own
    /// engine. Whoever opens a device may want to warn of it.
    pub fn is_software(&self) -> bool {
        self.adapter
            .as_ref()
            .is_some_and(|adapter| adapter.is_software)
    }

    /// A tensor on the device.
    pub(crate) fn tensor<const D: usize>(&self, values: Vec<f32>, shape: [usize; D]) -> Tensor<D> {
        Tensor::from_data(TensorData::new(values, shape), &self.device)
    }

    /// A tensor's values, row by row, in this machine's memory.
    pub(crate) fn read<const D: usize>(&self, tensor: Tensor<D>) -> Result<Vec<f32>> {
        let values = tensor.try_into_vec_as::<f32>();
        values.map_err(|error| unusable(self.name, ErrorKind::System, error))
    }

    /// A tensor's only value.
    pub(crate) fn read_one(&self, tensor: Tensor<1>) -> Result<f32> {
        let values = self.read(tensor)?;
        let first = values.first().copied();
        first.ok_or_else(|| Error::internal("a loss without a value"))
    }

    /// The same device, where operations are recorded for gradients.
    pub(crate) fn recording(&self) -> Self {
        Self {
            device: self.device.clone().autodiff(),
            ..self.clone()
        }
    }
}

impl fmt::Debug for Burn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Burn");
        debug
            .field("name", &self.name)
            .field("adapter", &self.adapter);
        debug.finish_non_exhaustive()
    }
}

fn unusable(name: &str, kind: ErrorKind, reason: impl fmt::Display) -> Error {
    Error::new(kind, Subject::Device(name.to_owned()), reason.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_there_is_not_is_refused_with_those_that_there_are() {
        let error = Burn::open("abacus").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        let text = error.to_string();
        assert_eq!(
            text,
            "cannot use device 'abacus': the devices are flex and wgpu"
        );
    }

    #[test]
    #[cfg(not(feature = "wgpu"))]
    fn a_build_without_graphics_says_so() {
        let error = Burn::open("wgpu").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(
            error
                .to_string()
                .contains("this build has no graphics adapters")
        );
    }

    #[test]
    fn the_cpu_has_no_adapter_to_warn_of() {
        let burn = Burn::open("flex").unwrap();
        assert_eq!(burn.adapter(), None);
        assert!(!burn.is_software());
    }
}
