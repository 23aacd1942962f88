//! `slo.toml`, read and checked. `tables` has the structures of its parts.

mod tables;

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;

pub use tables::{
    Alert, BudgetRow, Burn, CacheTier, Capacity, Category, Cost, Endpoint, ErrorBudget, Figure, Idle, LoadLevel,
    Percentiles, PerformanceBudget, Pool, Production, QueryType, Requests, Resource, ResponseTime, Row, Scaling,
    Seeded, Series, Service, Severity, SlowQueries, Step,
};

/// The file as it was when the program was built.
const BUILT_IN: &str = include_str!("../../../../slo.toml");

/// Every target, threshold, alert and capacity setting.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Levels {
    /// The numbers of virtual users at which the lists of values were taken.
    pub users: Vec<u32>,
    /// Which requests count.
    pub requests: Requests,
    /// How fast all requests together must be.
    pub response_time: ResponseTime,
    /// How fast kinds of endpoints must be.
    #[serde(rename = "category")]
    pub categories: Vec<Category>,
    /// How fast endpoints must be with one user.
    #[serde(rename = "endpoint")]
    pub endpoints: Vec<Endpoint>,
    /// What is taken without load.
    pub idle: Idle,
    /// What must hold with so many users.
    #[serde(rename = "load_level")]
    pub load_levels: Vec<LoadLevel>,
    /// How much each part must be able to answer.
    #[serde(rename = "service")]
    pub services: Vec<Service>,
    /// What a load takes of the machines.
    #[serde(rename = "resource")]
    pub resources: Vec<Resource>,
    /// How well each tier of the cache must work.
    #[serde(rename = "cache_tier")]
    pub cache_tiers: Vec<CacheTier>,
    /// How fast kinds of queries must be.
    #[serde(rename = "query_type")]
    pub query_types: Vec<QueryType>,
    /// The pool of database connections.
    pub pool: Pool,
    /// Queries that take long.
    pub slow_queries: SlowQueries,
    /// What production is held to.
    pub production: Production,
    /// How much worse a change may make it.
    pub budget: PerformanceBudget,
    /// When somebody is told.
    #[serde(rename = "alert")]
    pub alerts: Vec<Alert>,
    /// How fast errors may use up what is allowed.
    pub error_budget: ErrorBudget,
    /// How many processes there are, and when there are more.
    pub capacity: Capacity,
    /// What it costs.
    pub cost: Cost,
}

/// Why a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLevels {
    /// It cannot be read; the message has the line and the key.
    #[error("{file}: {message}")]
    Syntax {
        /// The file.
        file: String,
        /// What is wrong.
        message: String,
    },
    /// It can be read and contradicts itself.
    #[error("{file}: {key}: {problem}")]
    Contradiction {
        /// The file.
        file: String,
        /// Where.
        key: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
}

impl Levels {
    /// The levels that the program was built with.
    pub fn built_in() -> Result<Self, InvalidLevels> {
        Self::read("slo.toml", BUILT_IN)
    }

    /// Reads a file's text; `file` is named in errors.
    pub fn read(file: &str, text: &str) -> Result<Self, InvalidLevels> {
        let levels: Self = toml::from_str(text).map_err(|error| InvalidLevels::Syntax {
            file: file.to_owned(),
            message: error.to_string().trim_end().to_owned(),
        })?;
        levels.check().map_err(|(key, problem)| InvalidLevels::Contradiction {
            file: file.to_owned(),
            key,
            problem,
        })?;
        Ok(levels)
    }

    /// The level with so many users.
    #[must_use]
    pub fn load_level(&self, users: u32) -> Option<&LoadLevel> {
        self.load_levels.iter().find(|level| level.users == users)
    }

    fn check(&self) -> Result<(), (String, String)> {
        unique("alert", self.alerts.iter().map(|alert| &alert.name))?;
        unique("category", self.categories.iter().map(|category| &category.name))?;
        unique("endpoint", self.endpoints.iter().map(|endpoint| &endpoint.name))?;
        unique("service", self.services.iter().map(|service| &service.name))?;
        unique("cache_tier", self.cache_tiers.iter().map(|tier| &tier.name))?;
        unique("query_type", self.query_types.iter().map(|query| &query.name))?;
        unique("load_level", self.load_levels.iter().map(|level| level.users))?;
        for users in self.load_levels.iter().map(|level| level.users).chain([self.budget.users]) {
            if !self.users.contains(&users) {
                let problem = format!("{users} is not among them, though something is said for so many");
                return Err(("users".to_owned(), problem));
            }
        }
        for endpoint in &self.endpoints {
            if !self.categories.iter().any(|category| category.name == endpoint.category) {
                let problem = format!("there is no category {:?}", endpoint.category);
                return Err((format!("endpoint {:?}: category", endpoint.name), problem));
            }
        }
        for (key, series) in self.all_series() {
            if series.seed.len() != self.users.len() {
                let problem = format!("{} values for {} numbers of users", series.seed.len(), self.users.len());
                return Err((format!("{key}: seed"), problem));
            }
        }
        let windows = self.error_budget.burns.iter().filter(|burn| burn.short >= burn.long);
        if let Some(burn) = windows.into_iter().next() {
            let problem = format!("the short window, {}, must be shorter than the long one, {}", burn.short, burn.long);
            return Err(("error_budget.burn: short".to_owned(), problem));
        }
        Ok(())
    }

    fn all_series(&self) -> Vec<(String, &Series)> {
        let resources = self.resources.iter().flat_map(|of| {
            of.figures.iter().map(move |(name, series)| (format!("resource {}: {name}", of.name), series))
        });
        let tiers = self.cache_tiers.iter().flat_map(|tier| {
            let named = move |name: &str| format!("cache_tier {}: {name}", tier.name);
            [
                (named("hit_percent"), &tier.hit_percent),
                (named("miss_percent"), &tier.miss_percent),
                (named("average_ms"), &tier.average_ms),
                (named("p95_ms"), &tier.p95_ms),
                (named("evictions_per_minute"), &tier.evictions_per_minute),
            ]
        });
        let pool = [
            ("pool.active", &self.pool.active),
            ("pool.idle", &self.pool.idle),
            ("pool.wait_ms", &self.pool.wait_ms),
            ("pool.checkout_ms", &self.pool.checkout_ms),
            ("pool.utilisation_percent", &self.pool.utilisation_percent),
            ("slow_queries.per_minute", &self.slow_queries.per_minute),
        ];
        resources.chain(tiers).chain(pool.map(|(key, series)| (key.to_owned(), series))).collect()
    }
}

fn unique<T: Ord + fmt::Debug>(key: &str, names: impl Iterator<Item = T>) -> Result<(), (String, String)> {
    let mut seen = BTreeSet::new();
    for name in names {
        if seen.contains(&name) {
            return Err((key.to_owned(), format!("{name:?} is there twice")));
        }
        seen.insert(name);
    }
    Ok(())
}
