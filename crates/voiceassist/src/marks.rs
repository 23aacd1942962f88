//! The store's marks of fresh writes, told through Redis.

use std::time::Duration;

use coordination::Coordination;
use store::{Marks, MarksUnavailable};
use uuid::Uuid;

/// How long a mark is told: a replica that is further behind than this has been left out by an operator long before.
const TOLD_FOR: Duration = Duration::from_mins(5);

/// Marks that hold across processes.
#[derive(Debug)]
pub(crate) struct SharedMarks(pub(crate) Coordination);

#[async_trait::async_trait]
impl Marks for SharedMarks {
    async fn mark(&self, keys: &[Uuid], position: u64) -> Result<(), MarksUnavailable> {
        self.0.mark(&texts(keys), position, TOLD_FOR).await.map_err(|_| MarksUnavailable)
    }

    async fn marked(&self, keys: &[Uuid]) -> Result<Option<u64>, MarksUnavailable> {
        self.0.marks(&texts(keys)).await.map_err(|_| MarksUnavailable)
    }
}

fn texts(keys: &[Uuid]) -> Vec<String> {
    keys.iter().map(Uuid::to_string).collect()
}
