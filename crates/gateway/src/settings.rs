//! How the gateway listens and what it allows.

use serde::{Deserialize, Serialize};

/// The `gateway` section of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Address and port to listen on.
    pub listen: String,
    /// Whether anybody may create an account. The first account can always be created.
    pub registration_open: bool,
    /// How long an access token works, in minutes.
    pub access_token_minutes: u32,
    /// How long a refresh token works when it is not used, in days.
    pub refresh_token_days: u32,
    /// How long a browser stays signed in, in days.
    pub browser_session_days: u32,
    /// Marks the browser's cookie as `Secure`: set it wherever people reach the server by HTTPS.
    pub secure_cookies: bool,
    /// Attempts a minute to sign in, register or change a password, for each pair of client address and e-mail address.
    pub login_attempts_per_minute: u32,
    /// Requests answered at the same time; more are refused with 503.
    pub max_concurrent_requests: usize,
    /// Uploads received at the same time; each holds its file in memory.
    pub max_concurrent_uploads: usize,
    /// How long a client may take to send a request's head, and between two requests on a connection, in seconds.
    pub header_timeout_seconds: u64,
    /// How long a request may take, in seconds. Uploads may take longer as long as bytes keep coming.
    pub request_timeout_seconds: u64,
    /// How long an upload with `?wait=true` waits for its document, in seconds.
    pub upload_wait_seconds: u64,
    /// How long requests may go on after the process was asked to stop, in seconds.
    pub shutdown_seconds: u64,
    /// Most characters of a question.
    pub max_question_chars: usize,
    /// Delays every answer that a person waits for, to try out whether alerts come, in milliseconds.
    pub injected_delay_ms: u64,
    /// How often what happens is taken down for charts and error budgets, in seconds.
    pub watch_seconds: u64,
    /// Questions that an empty chat offers.
    pub sample_questions: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        let samples = [
            "How long must a password be?",
            "What can I spend on a hotel room in London?",
            "How did the P95 response times in the load tests at 200 and 500 users compare with the limit at which a \
             release is rolled back?",
        ];
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            registration_open: false,
            access_token_minutes: 15,
            refresh_token_days: 14,
            browser_session_days: 14,
            secure_cookies: false,
            login_attempts_per_minute: 10,
            max_concurrent_requests: 512,
            max_concurrent_uploads: 8,
            header_timeout_seconds: 30,
            request_timeout_seconds: 30,
            upload_wait_seconds: 60,
            shutdown_seconds: 20,
            max_question_chars: 4_000,
            injected_delay_ms: 0,
            watch_seconds: 10,
            sample_questions: samples.map(str::to_owned).to_vec(),
        }
    }
}

/// A setting with a value that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("gateway.{key} {problem}")]
pub struct InvalidSetting {
    /// The key within the section.
    pub key: &'static str,
    /// What is wrong with its value, and what would be right.
    pub problem: String,
}

impl Settings {
    /// Checks every value; the error names the first key that is wrong.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        let port =
            self.listen.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port.parse::<u16>());
        if !matches!(port, Some(Ok(_))) {
            let problem = format!("must be an address and a port, such as 127.0.0.1:8080, not {:?}", self.listen);
            return Err(InvalidSetting { key: "listen", problem });
        }
        within("access_token_minutes", self.access_token_minutes.into(), 1, 1_440)?;
        within("refresh_token_days", self.refresh_token_days.into(), 1, 365)?;
        within("browser_session_days", self.browser_session_days.into(), 1, 365)?;
        within("login_attempts_per_minute", self.login_attempts_per_minute.into(), 1, 10_000)?;
        within("max_concurrent_requests", self.max_concurrent_requests as u64, 1, 100_000)?;
        within("max_concurrent_uploads", self.max_concurrent_uploads as u64, 1, 1_000)?;
        within("header_timeout_seconds", self.header_timeout_seconds, 1, 3_600)?;
        within("request_timeout_seconds", self.request_timeout_seconds, 1, 3_600)?;
        within("upload_wait_seconds", self.upload_wait_seconds, 1, 3_600)?;
        within("shutdown_seconds", self.shutdown_seconds, 1, 3_600)?;
        within("injected_delay_ms", self.injected_delay_ms, 0, 60_000)?;
        within("watch_seconds", self.watch_seconds, 1, 60)?;
        within("max_question_chars", self.max_question_chars as u64, 10, 100_000)
    }
}

fn within(key: &'static str, value: u64, least: u64, most: u64) -> Result<(), InvalidSetting> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(InvalidSetting { key, problem: format!("must be between {least} and {most}, not {value}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(Settings::default().validate(), Ok(()));
    }

    #[test]
    fn a_message_names_the_key() {
        let message = |settings: Settings| settings.validate().map_err(|error| error.to_string());
        let zero = Settings { access_token_minutes: 0, ..Settings::default() };
        assert_eq!(message(zero), Err("gateway.access_token_minutes must be between 1 and 1440, not 0".to_owned()));
        for listen in ["8080", ":8080", "localhost", "localhost:http", "localhost:70000"] {
            let settings = Settings { listen: listen.to_owned(), ..Settings::default() };
            assert!(message(settings).is_err_and(|text| text.starts_with("gateway.listen must be")), "{listen}");
        }
    }
}
