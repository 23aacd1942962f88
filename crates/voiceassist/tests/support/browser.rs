//! Chromium without a window, driven by chromedriver.

use std::path::Path;
use std::process::Command;

use fantoccini::elements::Element;
use fantoccini::{ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::program::Running;
use super::{until, workspace};

const DRIVER: &str = "/usr/bin/chromedriver";

/// A browser; it ends with the value.
pub(crate) struct Browser {
    // First, so that the browser is gone before its profile is removed.
    _driver: Running,
    _profile: TempDir,
    http: reqwest::Client,
    session: String,
    page: fantoccini::Client,
}

/// A size of the visible part of a page.
#[derive(Clone, Copy)]
pub(crate) enum Screen {
    Desk,
    Phone,
}

impl Browser {
    /// Starts a browser with an empty profile.
    pub(crate) async fn start() -> Self {
        assert!(Path::new(DRIVER).exists(), "no {DRIVER}: run `make tools`");
        let profile = tempfile::tempdir().unwrap();
        let mut command = Command::new(DRIVER);
        // Whatever the browser leaves behind goes with its profile.
        command.arg("--port=0").env("HOME", profile.path()).env("TMPDIR", profile.path());
        let driver = Running::start(&command, &profile.path().join("chromedriver"));
        let port = until("chromedriver to say its port", async || {
            let said = driver.out();
            let (_, port) = said.split_once("started successfully on port ")?;
            Some(port.lines().next()?.trim_end_matches('.').to_owned())
        })
        .await;
        let base = format!("http://127.0.0.1:{port}");
        let page = connect(&base, &profile).await;
        let id = page.session_id().await.unwrap().unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let browser = Self { _driver: driver, _profile: profile, http, session: format!("{base}/session/{id}"), page };
        browser.show(Screen::Desk, "light").await;
        browser
    }

    pub(crate) async fn go(&self, address: &str) {
        self.page.goto(address).await.unwrap();
    }

    /// The element that matches, as soon as there is one.
    pub(crate) async fn find(&self, css: &str) -> Element {
        until(&format!("`{css}` on the page"), async || self.page.find(Locator::Css(css)).await.ok()).await
    }

    /// How many elements match at this moment.
    pub(crate) async fn count(&self, css: &str) -> usize {
        self.page.find_all(Locator::Css(css)).await.unwrap().len()
    }

    /// Waits until nothing matches any more.
    pub(crate) async fn gone(&self, css: &str) {
        until(&format!("`{css}` to leave the page"), async || (self.count(css).await == 0).then_some(())).await;
    }

    /// Scrolls to the middle of the window what matches, as people do, and clicks it.
    pub(crate) async fn click(&self, css: &str) {
        let element = self.find(css).await;
        let script = "arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' });";
        let argument = serde_json::to_value(&element).unwrap();
        self.page.execute(script, vec![argument]).await.unwrap();
        element.click().await.unwrap();
    }

    pub(crate) async fn type_into(&self, css: &str, text: &str) {
        self.find(css).await.send_keys(text).await.unwrap();
    }

    /// The text of an element as the page holds it, white space and all.
    pub(crate) async fn text(&self, css: &str) -> String {
        self.find(css).await.prop("textContent").await.unwrap().unwrap_or_default()
    }

    /// Runs a script in the page and returns its result.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.page.execute(script, Vec::new()).await.unwrap()
    }

    /// Shows pages as on this screen, light or dark.
    pub(crate) async fn show(&self, screen: Screen, scheme: &str) {
        let (width, height, mobile) = match screen {
            Screen::Desk => (1280, 900, false),
            Screen::Phone => (390, 844, true),
        };
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile});
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics).await;
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", &features).await;
    }

    /// Saves what is visible as `target/screenshots/NAME.png`.
    pub(crate) async fn screenshot(&self, name: &str) {
        let folder = workspace("target/screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), self.page.screenshot().await.unwrap()).unwrap();
    }

    /// The errors in the console since the last call.
    pub(crate) async fn errors(&self) -> Vec<String> {
        let log = self.send("se/log", &json!({"type": "browser"})).await;
        let severe = log.as_array().unwrap().iter().filter(|entry| entry["level"] == "SEVERE");
        severe.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    async fn devtools(&self, command: &str, parameters: &Value) {
        self.send("goog/cdp/execute", &json!({"cmd": command, "params": parameters})).await;
    }

    /// Chromedriver's own commands, which the standard does not have.
    async fn send(&self, command: &str, body: &Value) -> Value {
        let answer = self.http.post(format!("{}/{command}", self.session)).json(body).send().await.unwrap();
        let status = answer.status();
        let answer: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{command}: {answer}");
        answer["value"].clone()
    }
}

async fn connect(driver: &str, profile: &TempDir) -> fantoccini::Client {
    let user_data = format!("--user-data-dir={}", profile.path().join("profile").display());
    let options = json!({
        "goog:loggingPrefs": {"browser": "ALL"},
        "goog:chromeOptions": {"args": [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", user_data,
        ]},
    });
    let Value::Object(capabilities) = options else { unreachable!("an object") };
    let mut builder = ClientBuilder::new(HttpConnector::new());
    builder.capabilities(capabilities).connect(driver).await.unwrap()
}
