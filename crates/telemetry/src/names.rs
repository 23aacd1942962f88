//! Every metric, on one page. What is measured elsewhere gets its name here, and nowhere else.
//!
//! Names follow Prometheus' conventions: base units, `_total` for counters. Figures are zero before something happens, so that a
//! rate is known from the first time on.

use crate::metric::Metric;

/// Bounds for requests: among them every target of `slo.toml`, so that shares of requests within a target are known. In seconds.
const REQUEST: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.4, 0.5, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0];
/// Bounds for parts of a request, and for queries. In seconds.
const PART: &[f64] =
    &[0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 10.0];
/// Bounds for what happens in memory. In seconds.
const MEMORY: &[f64] = &[0.000_001, 0.000_005, 0.000_025, 0.000_1, 0.000_5, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 1.0];
/// Bounds for work in the background. In seconds.
const JOB: &[f64] = &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];

// Requests.

/// Requests answered.
pub const HTTP_REQUESTS: Metric = Metric::counter(
    "http_requests_total",
    &["method", "route", "status"],
    "Requests answered, by route with placeholders; what has no route is `unknown`.",
);
/// How long they took.
pub const HTTP_DURATION: Metric = Metric::histogram(
    "http_request_duration_seconds",
    REQUEST,
    &["method", "route", "status"],
    "From a request's head until its answer began, or ended where it is not streamed.",
);
/// Requests in hand.
pub const HTTP_IN_FLIGHT: Metric = Metric::gauge("http_requests_in_flight", &[], "Requests that are being answered.");
/// How many there may be.
pub const HTTP_IN_FLIGHT_MAX: Metric =
    Metric::gauge("http_requests_in_flight_max", &[], "Requests that may be answered at the same time.");
/// Requests refused because there were too many.
pub const HTTP_SHED: Metric = Metric::counter(
    "voiceassist_requests_shed_total",
    &["reason"],
    "Requests refused or given up to keep the others fast.",
);
/// Attempts refused because one client made too many.
pub const RATE_LIMITED: Metric =
    Metric::counter("voiceassist_rate_limited_total", &["limit"], "Attempts refused because they came too often.");
/// What of a request is the gateway's own.
pub const OVERHEAD: Metric = Metric::histogram(
    "voiceassist_own_overhead_seconds",
    PART,
    &["route"],
    "Time of a request without the queries, the searches and the models that it waited for.",
);

// Questions.

/// Questions answered.
pub const ANSWERS: Metric = Metric::counter(
    "voiceassist_answers_total",
    &["mode", "source", "grounded"],
    "Questions answered: simple or complex; from a tier of the cache or computed; from the documents or not at all.",
);
/// What the time of a question is spent on.
pub const QUESTION_PHASE: Metric = Metric::histogram(
    "voiceassist_question_phase_seconds",
    PART,
    &["phase"],
    "Phases of a question: looking into the cache, embedding, searching, answering, recording.",
);

// Documents.

/// What the time of a document is spent on.
pub const INGESTION_PHASE: Metric = Metric::histogram(
    "voiceassist_ingestion_phase_seconds",
    JOB,
    &["phase"],
    "Phases of a document: reading it and cutting it into chunks, indexing its words, embedding, storing vectors.",
);
/// Documents by what became of them.
pub const DOCUMENTS: Metric = Metric::gauge("voiceassist_documents", &["status"], "Documents, by status.");
/// Documents that came in.
pub const UPLOADS: Metric = Metric::counter(
    "voiceassist_uploads_total",
    &["outcome"],
    "Documents uploaded: new ones, known ones, refused ones.",
);

// The cache of answers.

/// Lookups.
pub const CACHE_LOOKUPS: Metric = Metric::counter(
    "voiceassist_cache_lookups_total",
    &["tier"],
    "Lookups that reached a tier of the cache of answers.",
);
/// Those that were answered.
pub const CACHE_HITS: Metric =
    Metric::counter("voiceassist_cache_hits_total", &["tier"], "Lookups that a tier answered.");
/// Those that were not.
pub const CACHE_MISSES: Metric = Metric::counter(
    "voiceassist_cache_misses_total",
    &["tier", "reason"],
    "Lookups that a tier did not answer, and why.",
);
/// How long they took.
pub const CACHE_LOOKUP: Metric =
    Metric::histogram("voiceassist_cache_lookup_seconds", MEMORY, &["tier"], "How long lookups took, hits and misses.");
/// What was removed.
pub const CACHE_EVICTIONS: Metric =
    Metric::counter("voiceassist_cache_evictions_total", &["tier", "cause"], "Entries removed, and why.");
/// What the entries take.
pub const CACHE_BYTES: Metric = Metric::gauge("voiceassist_cache_bytes", &["tier"], "What the entries of a tier take.");
/// How many there are.
pub const CACHE_ENTRIES: Metric = Metric::gauge("voiceassist_cache_entries", &["tier"], "Entries of a tier.");
/// Operations that failed.
pub const CACHE_FAILURES: Metric =
    Metric::counter("voiceassist_cache_failures_total", &["tier"], "Lookups and writes that failed; each is a miss.");

// The database.

/// Connections.
pub const DATABASE_CONNECTIONS: Metric =
    Metric::gauge("voiceassist_database_connections", &["state"], "Connections to the database, active and idle.");
/// How many there may be.
pub const DATABASE_CONNECTIONS_MAX: Metric =
    Metric::gauge("voiceassist_database_connections_max", &[], "Connections that may be open to the database.");
/// Waiting for one.
pub const DATABASE_WAIT: Metric = Metric::histogram(
    "voiceassist_database_connection_wait_seconds",
    PART,
    &[],
    "How long an operation waits for a connection, tried out every five seconds.",
);
/// Queries.
pub const DATABASE_QUERY: Metric = Metric::histogram(
    "voiceassist_database_query_seconds",
    PART,
    &["query", "kind"],
    "How long queries took, by operation and by what kind of statement it is.",
);
/// Queries that failed.
pub const DATABASE_QUERY_ERRORS: Metric = Metric::counter(
    "voiceassist_database_query_errors_total",
    &["query", "kind"],
    "Queries that failed, by operation.",
);
/// Queries that took long.
pub const DATABASE_SLOW_QUERIES: Metric = Metric::counter(
    "voiceassist_database_slow_queries_total",
    &["query", "kind"],
    "Queries that took longer than `database.slow_query_ms`, by operation.",
);

// Jobs.

/// Jobs that wait or are in hand.
pub const JOBS: Metric = Metric::gauge("voiceassist_jobs", &["kind", "state"], "Jobs in the queue, by kind and state.");
/// Jobs done.
pub const JOBS_DONE: Metric =
    Metric::counter("voiceassist_jobs_total", &["kind", "outcome"], "Jobs that ended, by what became of them.");
/// How long they took.
pub const JOB_DURATION: Metric =
    Metric::histogram("voiceassist_job_duration_seconds", JOB, &["kind"], "How long turns of jobs took.");

// People.

/// People who may sign in.
pub const USERS: Metric = Metric::gauge("voiceassist_users", &["role"], "Accounts that are not disabled, by role.");
/// Attempts to sign in.
pub const SIGN_INS: Metric =
    Metric::counter("voiceassist_sign_ins_total", &["outcome"], "Attempts to sign in, by what became of them.");
/// What people think of answers.
pub const FEEDBACK: Metric =
    Metric::counter("voiceassist_feedback_total", &["rating"], "Ratings of answers, up and down.");

// The process. Names as the Prometheus client libraries have them.

/// Processor time.
pub const PROCESS_CPU: Metric = Metric::counter(
    "process_cpu_seconds_total",
    &[],
    "Processor time that the process has used, in user and system mode.",
);
/// Cores that it may use.
pub const PROCESS_CPU_LIMIT: Metric =
    Metric::gauge("voiceassist_process_cpu_limit_cores", &[], "Cores that the process may use.");
/// Memory.
pub const PROCESS_MEMORY: Metric =
    Metric::gauge("process_resident_memory_bytes", &[], "Memory that the process holds, outside of swap.");
/// Memory that it may use.
pub const PROCESS_MEMORY_LIMIT: Metric =
    Metric::gauge("voiceassist_process_memory_limit_bytes", &[], "Memory that the process may hold.");
/// Open files.
pub const PROCESS_FILES: Metric = Metric::gauge("process_open_fds", &[], "Open file handles.");
/// How many there may be.
pub const PROCESS_FILES_MAX: Metric = Metric::gauge("process_max_fds", &[], "File handles that may be open.");
/// When it began.
pub const PROCESS_START: Metric =
    Metric::gauge("process_start_time_seconds", &[], "When the process began, in seconds since 1970.");
/// What it read and wrote.
pub const PROCESS_DISK: Metric = Metric::counter(
    "voiceassist_process_disk_bytes_total",
    &["direction"],
    "What the process had read from disks and written to them.",
);
/// What the machine received and sent.
pub const NETWORK: Metric = Metric::counter(
    "voiceassist_network_bytes_total",
    &["direction"],
    "What the network interfaces that the process sees received and sent, without the loopback.",
);

/// All of them, in the order in which they are exposed.
pub const ALL: &[Metric] = &[
    HTTP_REQUESTS,
    HTTP_DURATION,
    HTTP_IN_FLIGHT,
    HTTP_IN_FLIGHT_MAX,
    HTTP_SHED,
    RATE_LIMITED,
    OVERHEAD,
    ANSWERS,
    QUESTION_PHASE,
    INGESTION_PHASE,
    DOCUMENTS,
    UPLOADS,
    CACHE_LOOKUPS,
    CACHE_HITS,
    CACHE_MISSES,
    CACHE_LOOKUP,
    CACHE_EVICTIONS,
    CACHE_BYTES,
    CACHE_ENTRIES,
    CACHE_FAILURES,
    DATABASE_CONNECTIONS,
    DATABASE_CONNECTIONS_MAX,
    DATABASE_WAIT,
    DATABASE_QUERY,
    DATABASE_QUERY_ERRORS,
    DATABASE_SLOW_QUERIES,
    JOBS,
    JOBS_DONE,
    JOB_DURATION,
    USERS,
    SIGN_INS,
    FEEDBACK,
    PROCESS_CPU,
    PROCESS_CPU_LIMIT,
    PROCESS_MEMORY,
    PROCESS_MEMORY_LIMIT,
    PROCESS_FILES,
    PROCESS_FILES_MAX,
    PROCESS_START,
    PROCESS_DISK,
    NETWORK,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::metric::Kind;

    #[test]
    fn names_are_unique_and_follow_the_conventions() {
        let mut seen = BTreeSet::new();
        for metric in ALL {
            assert!(seen.insert(metric.name), "{} is there twice", metric.name);
            assert_eq!(metric.kind == Kind::Counter, metric.name.ends_with("_total"), "{}", metric.name);
            if let Kind::Histogram(buckets) = metric.kind {
                assert!(metric.name.ends_with("_seconds"), "{} has no unit", metric.name);
                assert!(buckets.is_sorted_by(|a, b| a < b), "{}", metric.name);
            }
            assert!(metric.help.ends_with('.'), "{}", metric.name);
        }
    }
}
