//! What happened in stretches of time, as each process tells it. Its form is the business of others.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel as _, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::entity::metric_slot;
pub use crate::entity::metric_slot::Model as StoredSlot;
use crate::{Result, Store};

impl Store {
    /// Under which name this process tells what happens.
    #[must_use]
    pub fn process(&self) -> Uuid {
        self.worker_id()
    }

    /// Keeps what this process did, instead of what it told of the same stretches before.
    pub async fn put_slots(&self, slots: impl IntoIterator<Item = (i16, DateTime<Utc>, String)>) -> Result<()> {
        let (process, updated_at) = (self.process(), self.clock().now());
        let rows: Vec<_> = slots
            .into_iter()
            .map(|(resolution, start, data)| {
                StoredSlot { resolution, start, process, updated_at, data }.into_active_model()
            })
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        let key = [metric_slot::Column::Resolution, metric_slot::Column::Start, metric_slot::Column::Process];
        let replaced = [metric_slot::Column::UpdatedAt, metric_slot::Column::Data];
        let conflict = OnConflict::columns(key).update_columns(replaced).to_owned();
        let insertion = metric_slot::Entity::insert_many(rows).on_conflict(conflict);
        insertion.exec_without_returning(&self.write("slots.put")).await?;
        Ok(())
    }

    /// What any process told since then.
    pub async fn slots_since(&self, since: DateTime<Utc>) -> Result<Vec<StoredSlot>> {
        Ok(metric_slot::Entity::find()
            .filter(metric_slot::Column::UpdatedAt.gte(since))
            .order_by_asc(metric_slot::Column::UpdatedAt)
            .all(&self.read("slots.since"))
            .await?)
    }

    /// Forgets stretches of a resolution that began before.
    pub async fn forget_slots(&self, resolution: i16, before: DateTime<Utc>) -> Result<()> {
        metric_slot::Entity::delete_many()
            .filter(metric_slot::Column::Resolution.eq(resolution))
            .filter(metric_slot::Column::Start.lt(before))
            .exec(&self.write("slots.forget"))
            .await?;
        Ok(())
    }
}
