//! The environment variable that forces an instruction set, each time in a process of its own.
#![allow(clippy::unwrap_used)]

use std::process::Command;

use oddspot_conv::Isa;

/// In a child: the set that it must come to, and whether it must refuse the variable.
const EXPECTED: &str = "ODDSPOT_TEST_EXPECTED_ISA";
const REFUSED: &str = "ODDSPOT_TEST_REFUSED_ISA";

#[test]
fn the_variable_forces_a_set_that_there_is() {
    if let Ok(expected) = std::env::var(EXPECTED) {
        assert_eq!(Isa::detect().name(), expected);
        assert_eq!(
            Isa::asked_for().is_err(),
            std::env::var_os(REFUSED).is_some()
        );
        return;
    }
    let fastest = Isa::available().next().unwrap().name();
    let run = |value: Option<&str>, expected: &str, refused: bool| {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child
            .args(["--exact", "the_variable_forces_a_set_that_there_is"])
            .env(EXPECTED, expected)
            .env_remove(REFUSED)
            .env_remove(Isa::VARIABLE);
        if let Some(value) = value {
            child.env(Isa::VARIABLE, value);
        }
        if refused {
            child.env(REFUSED, "1");
        }
        let output = child.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{value:?}: {text}");
        assert!(text.contains("1 passed"), "{value:?}: {text}");
    };
    run(None, fastest, false);
    run(Some(""), fastest, false);
    for name in Isa::NAMES {
        match Isa::available().any(|isa| isa.name() == name) {
            true => run(Some(name), name, false),
            false => run(Some(name), fastest, true),
        }
    }
    run(Some("mmx"), fastest, true);
}
