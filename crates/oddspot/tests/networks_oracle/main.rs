//! Networks, losses, optimizer and errors as they ship, held to PyTorch: golden values made by
//! `oracle/networks.py` and `oracle/resnets.py`; whitening to scikit-learn's, by `oracle/whitening.py`.

#![allow(clippy::unwrap_used, clippy::panic)]

mod detection;
mod fixture;
mod judging;
mod losses;
mod optimizer;
mod resnets;
mod student;
mod teachers;
mod whitening;
