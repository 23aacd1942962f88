//! The database's figures: queries by operation, and connections.

use std::fmt;
use std::time::Instant;

use sea_orm::{DatabaseConnection, DbErr, RuntimeErr, sqlx};
use telemetry::{Source, Teller, names};

use super::Store;
use crate::Result;

/// Connections of a pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    /// In use.
    pub active: u32,
    /// Open and waiting.
    pub idle: u32,
    /// How many there may be.
    pub most: u32,
}

impl Store {
    /// Takes a connection for reading, gives it back, and counts how long it was waited for: what every operation waits, when it
    /// happens to begin now.
    pub async fn try_out_connection(&self) -> Result<()> {
        let began = Instant::now();
        if self.is_sqlite() {
            drop(self.read.get_sqlite_connection_pool().acquire().await.map_err(failed)?);
        } else {
            drop(self.read.get_postgres_connection_pool().acquire().await.map_err(failed)?);
        }
        self.waits.record(began.elapsed());
        Ok(())
    }

    /// The connections to the database, those for reading and for writing together; without replicas.
    #[must_use]
    pub fn connections_now(&self) -> Connections {
        let of = |connection: &DatabaseConnection| {
            let (size, idle) = if self.is_sqlite() {
                let pool = connection.get_sqlite_connection_pool();
                (pool.size(), pool.num_idle())
            } else {
                let pool = connection.get_postgres_connection_pool();
                (pool.size(), pool.num_idle())
            };
            // Between the two counts, a connection may come or go.
            let idle = u32::try_from(idle).unwrap_or(u32::MAX).min(size);
            (size - idle, idle)
        };
        let (active, idle) = of(&self.read);
        if !self.is_sqlite() {
            return Connections { active, idle, most: self.settings.max_connections };
        }
        let (writing, resting) = of(&self.write);
        Connections { active: active + writing, idle: idle + resting, most: self.settings.read_connections + 1 }
    }
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}

impl Source for Store {
    fn tell(&self, teller: &mut Teller<'_, '_>) -> fmt::Result {
        let Connections { active, idle, most } = self.connections_now();
        let states = [("active", active), ("idle", idle)].map(|(state, count)| ([state.to_owned()], f64::from(count)));
        teller.numbers(&names::DATABASE_CONNECTIONS, states)?;
        teller.times(&names::DATABASE_WAIT, 1e-6, [([], self.waits.histogram())])?;
        teller.one(&names::DATABASE_CONNECTIONS_MAX, f64::from(most))?;
        self.queries.tell(teller)
    }
}
