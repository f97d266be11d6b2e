//! Compute devices, chosen at run time.

pub use burn::tensor::Device;

use crate::error::{Error, Result};

/// Opens a device by name: `cpu` always, `wgpu` in builds with that cargo feature.
///
/// # Errors
/// A name that this build does not know.
pub fn open(name: &str) -> Result<Device> {
    match name {
        "cpu" => Ok(Device::flex()),
        #[cfg(feature = "wgpu")]
        "wgpu" => open_wgpu(),
        #[cfg(not(feature = "wgpu"))]
        "wgpu" => Err(Error::Device {
            name: name.to_owned(),
            help: "this build has no wgpu support; build with `--features wgpu`, or use cpu"
                .to_owned(),
        }),
        _ => Err(Error::Device {
            name: name.to_owned(),
            help: "the devices are cpu and wgpu".to_owned(),
        }),
    }
}

/// Whether a device is the CPU, whose kernels are ours.
pub fn is_cpu(device: &Device) -> bool {
    *device == Device::flex()
}

#[cfg(feature = "wgpu")]
fn open_wgpu() -> Result<Device> {
    use burn::tensor::{DeviceKind, DeviceType};
    if Device::enumerate(DeviceType::Wgpu).is_empty() {
        return Err(Error::Device {
            name: "wgpu".to_owned(),
            help: "no graphics adapter was found; use cpu".to_owned(),
        });
    }
    Ok(Device::wgpu(DeviceKind::DefaultDevice))
}
