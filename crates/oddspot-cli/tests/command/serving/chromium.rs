//! A browser that is told what to do, over pipes.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};

use super::PATIENCE;
use crate::world::World;

/// A page in a browser.
pub struct Chromium {
    child: Child,
    to: File,
    from: BufReader<File>,
    last: u64,
    session: Option<String>,
    /// Errors and warnings of the page.
    pub wrong: Vec<String>,
}

impl Chromium {
    /// Starts one with an empty page.
    pub fn start(world: &World) -> Self {
        let [to, from] = ["to-browser", "from-browser"].map(|name| {
            let path = world.path(name);
            mkfifo(&path, Mode::S_IRWXU).unwrap();
            path
        });
        let child = Command::new("sh")
            .args([
                "-c",
                "exec chromium \"$@\" 3<\"$TO\" 4>\"$FROM\"",
                "chromium",
            ])
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
            ])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ])
            .args(["--touch-events=enabled", "--lang=en-US"])
            .args(["--remote-debugging-pipe", "about:blank"])
            .arg(format!(
                "--user-data-dir={}",
                world.path("profile").display()
            ))
            .env("TO", &to)
            .env("FROM", &from)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromium starts");
        let mut browser = Self {
            child,
            to: File::options().write(true).open(to).unwrap(),
            from: BufReader::new(File::open(from).unwrap()),
            last: 0,
            session: None,
            wrong: Vec::new(),
        };
        let page = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": page["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", attach);
        browser.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Runtime.enable", "Log.enable", "Page.enable"] {
            browser.call(domain, json!({}));
        }
        browser
    }

    fn call(&mut self, method: &str, parameters: Value) -> Value {
        let said = self.asked(method, parameters);
        said.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// What comes of a call, or the error that the browser tells.
    fn asked(&mut self, method: &str, parameters: Value) -> Result<Value, Value> {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to
            .write_all(format!("{message}\0").as_bytes())
            .unwrap();
        loop {
            let mut bytes = Vec::new();
            self.from.read_until(0, &mut bytes).unwrap();
            assert_eq!(bytes.pop(), Some(0), "the browser ended");
            let heard: Value = serde_json::from_slice(&bytes).unwrap();
            if heard["id"] == self.last {
                return match heard["error"].is_null() {
                    true => Ok(heard["result"].clone()),
                    false => Err(heard["error"].clone()),
                };
            }
            let level = heard["params"]["entry"]["level"].as_str();
            let is_wrong = match heard["method"].as_str() {
                Some("Runtime.exceptionThrown") => true,
                Some("Runtime.consoleAPICalled") => heard["params"]["type"] != "log",
                Some("Log.entryAdded") => matches!(level, Some("error" | "warning")),
                _ => false,
            };
            if is_wrong {
                self.wrong.push(heard["params"].to_string());
            }
        }
    }

    /// Opens an address in a window of this width, light or dark.
    pub fn open(&mut self, url: &str, width: u32, scheme: &str) {
        let window =
            json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", window);
        let scheme = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": scheme }));
        self.call("Page.navigate", json!({ "url": url }));
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'");
    }

    /// Chooses files in an input of the page, as a person does.
    pub fn choose(&mut self, selector: &str, files: &[PathBuf]) {
        let document = self.call("DOM.getDocument", json!({}));
        let root = &document["root"]["nodeId"];
        let asked = json!({ "nodeId": root, "selector": selector });
        let found = self.call("DOM.querySelector", asked);
        let chosen = json!({ "nodeId": found["nodeId"], "files": files });
        self.call("DOM.setFileInputFiles", chosen);
    }

    /// Presses a key.
    pub fn press(&mut self, key: &str, modifiers: u32) {
        for kind in ["keyDown", "keyUp"] {
            let event = match key {
                // What moves the focus goes by the number of the key.
                "Tab" => json!({ "type": kind, "key": key, "windowsVirtualKeyCode": 9 }),
                _ => json!({ "type": kind, "key": key, "modifiers": modifiers }),
            };
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Presses Enter as a keyboard does, so that a link is followed.
    pub fn enter(&mut self) {
        for kind in ["keyDown", "keyUp"] {
            let event = json!({ "type": kind, "key": "Enter", "code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13 });
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Presses the arrow to the right as a keyboard does, with what a slider needs to know of it.
    pub fn press_arrow_right(&mut self) {
        for kind in ["rawKeyDown", "keyUp"] {
            let event = json!({ "type": kind, "key": "ArrowRight", "code": "ArrowRight", "windowsVirtualKeyCode": 39 });
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Shows the page as it is printed.
    pub fn print_as_screen(&mut self) {
        self.call("Emulation.setEmulatedMedia", json!({ "media": "print" }));
    }

    /// What an expression is on the page.
    pub fn value(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "returnByValue": true });
        let said = self.call("Runtime.evaluate", asked);
        assert!(said["exceptionDetails"].is_null(), "{expression}: {said}");
        said["result"]["value"].clone()
    }

    /// What a promise of the page comes to.
    pub fn awaited(&mut self, expression: &str) -> Value {
        let asked =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let said = self.call("Runtime.evaluate", asked);
        assert!(said["exceptionDetails"].is_null(), "{said}");
        said["result"]["value"].clone()
    }

    /// Puts a finger down at a place of the window, and lifts it.
    pub fn tap(&mut self, [x, y]: [f64; 2]) {
        self.call(
            "Input.dispatchTouchEvent",
            json!({ "type": "touchStart", "touchPoints": [{ "x": x, "y": y }] }),
        );
        self.call(
            "Input.dispatchTouchEvent",
            json!({ "type": "touchEnd", "touchPoints": [] }),
        );
    }

    /// Presses the mouse at a place of the window, moves it to another, and lets it go; a click where both are the same.
    pub fn drag(&mut self, from: [f64; 2], to: [f64; 2]) {
        for (kind, [x, y], buttons) in [
            ("mouseMoved", from, 0),
            ("mousePressed", from, 1),
            ("mouseMoved", to, 1),
            ("mouseReleased", to, 0),
        ] {
            let button = ["none", "left"][usize::from(buttons == 1 || kind == "mouseReleased")];
            let event = json!({ "type": kind, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// The place in the window of a place of the drawing, in shares of its sides.
    pub fn on_canvas(&mut self, share: [f64; 2]) -> [f64; 2] {
        let at = self.value(
            "(() => { const box = document.getElementById('canvas').getBoundingClientRect(); \
             return [box.left, box.top, box.width, box.height]; })()",
        );
        let at: Vec<f64> = serde_json::from_value(at).unwrap();
        [at[0] + share[0] * at[2], at[1] + share[1] * at[3]]
    }

    /// How many sheets of paper the page takes.
    pub fn sheets(&mut self) -> usize {
        let printed = self.call(
            "Page.printToPDF",
            json!({ "paperWidth": 8.27, "paperHeight": 11.69 }),
        );
        let pdf = STANDARD.decode(printed["data"].as_str().unwrap()).unwrap();
        let pdf = String::from_utf8_lossy(&pdf);
        let pages = pdf.matches("/Type /Page").count() - pdf.matches("/Type /Pages").count();
        assert!(pages > 0, "no page was found in what was printed");
        pages
    }

    /// Whether an expression is true; what cannot be said while another page comes is not.
    fn is_true(&mut self, expression: &str) -> bool {
        let asked = json!({ "expression": expression, "returnByValue": true });
        let said = self.asked("Runtime.evaluate", asked);
        said.is_ok_and(|said| said["exceptionDetails"].is_null() && said["result"]["value"] == true)
    }

    /// Waits until an expression is true.
    pub fn until(&mut self, expression: &str) {
        let start = Instant::now();
        while !self.is_true(expression) {
            let wrong = &self.wrong;
            assert!(
                start.elapsed() < PATIENCE,
                "never came: {expression}; {wrong:?}"
            );
            sleep(Duration::from_millis(20));
        }
    }

    /// What holds of every page.
    pub fn assert_sound(&mut self) {
        assert!(self.wrong.is_empty(), "{:?}", self.wrong);
        let wide = "document.documentElement.scrollWidth <= innerWidth";
        assert_eq!(self.value(wide), true, "the page scrolls sideways");
        let unnamed = "[...document.querySelectorAll('button, a, input:not([type=hidden]), select')].filter((one) => \
             !one.textContent.trim() && !one.labels?.length && !one.ariaLabel && !one.querySelector('img[alt]')).length";
        assert_eq!(
            self.value(unnamed),
            0,
            "something that can be used has no name"
        );
        let broken =
            "[...document.images].filter((one) => one.complete && !one.naturalWidth).length";
        assert_eq!(self.value(broken), 0, "a picture is not there");
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
