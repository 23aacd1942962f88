//! The figures in Prometheus' text format, collected from where they are kept each time they are asked for.

use std::fmt;
use std::sync::Arc;

use hdrhistogram::Histogram;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use crate::{Kind, Metric};

/// The media type of the text.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Something that has figures. Each metric belongs to one source.
pub trait Source: fmt::Debug + Send + Sync + 'static {
    /// Tells all of its figures as they are now, zeros too.
    fn tell(&self, teller: &mut Teller<'_, '_>) -> fmt::Result;
}

/// Takes figures down.
#[derive(Debug)]
pub struct Teller<'a, 'b>(&'a mut DescriptorEncoder<'b>);

/// Everything that a process exposes.
#[derive(Debug, Default)]
pub struct Exposition(Registry);

#[derive(Debug)]
struct Told(Arc<dyn Source>);

impl Collector for Told {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.0.tell(&mut Teller(&mut encoder))
    }
}

impl Exposition {
    /// Adds what a source has.
    #[must_use]
    pub fn with(mut self, source: Arc<dyn Source>) -> Self {
        self.0.register_collector(Box::new(Told(source)));
        self
    }

    /// All figures as they are now.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.0)?;
        Ok(text)
    }
}

/// A figure with the values of its metric's labels.
pub type Sample<const N: usize, T> = ([String; N], T);

impl Teller<'_, '_> {
    /// A counter or a gauge without labels.
    pub fn one(&mut self, metric: &Metric, value: f64) -> fmt::Result {
        self.numbers(metric, [([], value)])
    }

    /// The values of a counter or a gauge, by their labels in the order of the declaration.
    pub fn numbers<const N: usize>(
        &mut self,
        metric: &Metric,
        samples: impl IntoIterator<Item = Sample<N, f64>>,
    ) -> fmt::Result {
        let (kind, suffix) = match metric.kind {
            Kind::Counter => (MetricType::Counter, "_total"),
            _ => (MetricType::Gauge, ""),
        };
        let mut family = self.0.encode_descriptor(base(metric, suffix), help(metric), None, kind)?;
        for (values, number) in samples {
            let labels = labelled(metric, &values)?;
            if labels.is_empty() {
                encode(&mut family, metric, number)?;
            } else {
                encode(&mut family.encode_family(&labels)?, metric, number)?;
            }
        }
        Ok(())
    }

    /// Distributions of times, by their labels in the order of the declaration; `unit_seconds` is what the histograms' values
    /// are multiples of.
    pub fn times<const N: usize, C: hdrhistogram::Counter>(
        &mut self,
        metric: &Metric,
        unit_seconds: f64,
        samples: impl IntoIterator<Item = Sample<N, Histogram<C>>>,
    ) -> fmt::Result {
        let Kind::Histogram(bounds) = metric.kind else { return Err(fmt::Error) };
        let mut family = self.0.encode_descriptor(metric.name, help(metric), None, MetricType::Histogram)?;
        for (values, histogram) in samples {
            let Distribution { sum, count, buckets } = Distribution::of(&histogram, unit_seconds, bounds);
            let labels = labelled(metric, &values)?;
            if labels.is_empty() {
                family.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
            } else {
                family.encode_family(&labels)?.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
            }
        }
        Ok(())
    }
}

fn encode(encoder: &mut MetricEncoder<'_>, metric: &Metric, number: f64) -> fmt::Result {
    if metric.kind == Kind::Counter {
        encoder.encode_counter::<NoLabelSet, f64, f64>(&number, None)
    } else {
        encoder.encode_gauge(&number)
    }
}

/// The encoder adds the suffix itself.
fn base(metric: &Metric, suffix: &str) -> &'static str {
    metric.name.strip_suffix(suffix).unwrap_or(metric.name)
}

/// And the full stop.
fn help(metric: &Metric) -> &'static str {
    metric.help.trim_end_matches('.')
}

fn labelled<'a>(metric: &Metric, values: &'a [String]) -> Result<Vec<(&'static str, &'a str)>, fmt::Error> {
    // A source that tells other labels than were declared is broken, and a test finds it.
    if values.len() != metric.labels.len() {
        return Err(fmt::Error);
    }
    Ok(metric.labels.iter().copied().zip(values.iter().map(String::as_str)).collect())
}

/// A histogram in the buckets of its metric.
struct Distribution {
    sum: f64,
    count: u64,
    /// Upper bounds with what lies between them and the bounds before.
    buckets: Vec<(f64, u64)>,
}

impl Distribution {
    fn of<C: hdrhistogram::Counter>(histogram: &Histogram<C>, unit_seconds: f64, bounds: &[f64]) -> Self {
        let mut buckets: Vec<(f64, u64)> = bounds.iter().chain([&f64::INFINITY]).map(|bound| (*bound, 0)).collect();
        let (mut sum, mut count, mut bucket) = (0.0, 0, 0);
        for step in histogram.iter_recorded() {
            let many = step.count_since_last_iteration();
            // Of the values that are not told apart, the one in the middle.
            let value = histogram.median_equivalent(step.value_iterated_to()) as f64 * unit_seconds;
            while buckets.get(bucket).is_some_and(|(bound, _)| value > *bound) {
                bucket += 1;
            }
            if let Some((_, in_bucket)) = buckets.get_mut(bucket) {
                *in_bucket += many;
            }
            sum += value * many as f64;
            count += many;
        }
        Self { sum, count, buckets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names;

    #[derive(Debug)]
    struct Fixed;

    impl Source for Fixed {
        fn tell(&self, teller: &mut Teller<'_, '_>) -> fmt::Result {
            let labels = ["GET", "/a\"b", "200"].map(str::to_owned);
            teller.numbers(&names::HTTP_REQUESTS, [(labels.clone(), 3.0)])?;
            teller.one(&names::HTTP_IN_FLIGHT, 0.0)?;
            let mut histogram = Histogram::<u32>::new(2).map_err(|_| fmt::Error)?;
            for us in [1_000, 300_000, 300_000, 90_000_000] {
                histogram.record(us).map_err(|_| fmt::Error)?;
            }
            teller.times(&names::HTTP_DURATION, 1e-6, [(labels, histogram)])
        }
    }

    #[test]
    fn figures_are_told_with_their_declaration() -> fmt::Result {
        let text = Exposition::default().with(Arc::new(Fixed)).text()?;
        for line in [
            "# TYPE http_requests counter",
            "http_requests_total{method=\"GET\",route=\"/a\\\"b\",status=\"200\"} 3.0",
            "# TYPE http_requests_in_flight gauge",
            "http_requests_in_flight 0.0",
            "http_request_duration_seconds_bucket{le=\"0.005\",method=\"GET\",route=\"/a\\\"b\",status=\"200\"} 1",
            "http_request_duration_seconds_bucket{le=\"0.25\",method=\"GET\",route=\"/a\\\"b\",status=\"200\"} 1",
            "http_request_duration_seconds_bucket{le=\"0.4\",method=\"GET\",route=\"/a\\\"b\",status=\"200\"} 3",
            "http_request_duration_seconds_bucket{le=\"30.0\",method=\"GET\",route=\"/a\\\"b\",status=\"200\"} 3",
            "http_request_duration_seconds_bucket{le=\"+Inf\",method=\"GET\",route=\"/a\\\"b\",status=\"200\"} 4",
            "http_request_duration_seconds_count{method=\"GET\",route=\"/a\\\"b\",status=\"200\"} 4",
            "# EOF",
        ] {
            assert!(text.lines().any(|is| is == line), "{line} is missing in\n{text}");
        }
        let sum =
            text.lines().find_map(|line| line.strip_prefix("http_request_duration_seconds_sum")?.split(' ').nth(1));
        let sum: f64 = sum.and_then(|sum| sum.parse().ok()).unwrap_or_default();
        assert!((sum - 90.601).abs() < 1.0, "{sum}");
        Ok(())
    }

    #[derive(Debug)]
    struct Mislabelled;

    impl Source for Mislabelled {
        fn tell(&self, teller: &mut Teller<'_, '_>) -> fmt::Result {
            teller.one(&names::HTTP_REQUESTS, 3.0)
        }
    }

    #[test]
    fn other_labels_than_were_declared_are_refused() {
        assert!(Exposition::default().with(Arc::new(Mislabelled)).text().is_err());
    }
}
