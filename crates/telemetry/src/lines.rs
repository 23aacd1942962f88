//! The lines of the log: each tells the request that it belongs to.
//!
//! The request's id comes from what the request carries along ([`crate::Waited`]). A span for it, entered each time that the request
//! goes on, would cost several times what the line itself costs (`make bench-levels`).

use std::fmt;

use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::{DefaultFields, Format, Json, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::waiting::request_id;

/// The fields of a line for people, with the request at their end.
#[derive(Debug, Default)]
pub(crate) struct FieldsAndRequest(DefaultFields);

impl<'w> FormatFields<'w> for FieldsAndRequest {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'w>, fields: R) -> fmt::Result {
        self.0.format_fields(writer.by_ref(), fields)?;
        request_id().map_or(Ok(()), |id| write!(writer, " request={id}"))
    }
}

/// A line for machines: an object whose first key is the request.
#[derive(Debug)]
pub(crate) struct RequestAndObject(Format<Json>);

impl Default for RequestAndObject {
    fn default() -> Self {
        Self(Format::default().json())
    }
}

impl<S, N> FormatEvent<S, N> for RequestAndObject
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let Some(id) = request_id() else { return self.0.format_event(context, writer, event) };
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        // An id has nothing in it that JSON would want to have escaped.
        match line.strip_prefix('{') {
            Some(rest) => write!(writer, "{{\"request\":\"{id}\",{rest}"),
            None => writer.write_str(&line),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;

    use crate::{Format, Waited, line_layer};

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Log {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    fn lines(format: Format) -> Vec<String> {
        use tracing_subscriber::layer::SubscriberExt as _;
        let log = Log::default();
        let subscriber = tracing_subscriber::registry().with(line_layer(format, log.clone(), false));
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("before");
            let request = Waited::on_request(false, "request-1");
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(request.during(async { tracing::info!(status = 200, "answered") }));
        });
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_line_tells_its_request() {
        let [before, answered] = &lines(Format::Text)[..] else { panic!("two lines") };
        assert!(
            before.ends_with("before") && answered.ends_with("answered status=200 request=request-1"),
            "{answered}"
        );
        let [before, answered] = &lines(Format::Json)[..] else { panic!("two lines") };
        let object = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
        assert_eq!(object(before)["request"], serde_json::Value::Null);
        assert_eq!(object(answered)["request"], "request-1");
        assert_eq!(object(answered)["fields"]["status"], 200);
    }
}
