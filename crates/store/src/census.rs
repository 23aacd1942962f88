//! How much there is of everything: what a dashboard shows, counted now and then and not with each look.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::entity::{account, document, job};
use crate::values::{DocumentStatus, JobKind, JobState, Role};
use crate::{Result, Store};

/// Counts of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Documents.
    pub documents: Vec<(DocumentStatus, u64)>,
    /// Jobs.
    pub jobs: Vec<(JobKind, JobState, u64)>,
    /// Accounts that are not disabled.
    pub accounts: Vec<(Role, u64)>,
}

impl Store {
    /// Counts. What there is none of is not listed.
    pub async fn census(&self) -> Result<Census> {
        let read = self.read("census");
        let documents: Vec<(DocumentStatus, i64)> = document::Entity::find()
            .select_only()
            .column(document::Column::Status)
            .column_as(document::Column::Id.count(), "count")
            .group_by(document::Column::Status)
            .into_tuple()
            .all(&read)
            .await?;
        let jobs: Vec<(JobKind, JobState, i64)> = job::Entity::find()
            .select_only()
            .column(job::Column::Kind)
            .column(job::Column::State)
            .column_as(job::Column::Id.count(), "count")
            .group_by(job::Column::Kind)
            .group_by(job::Column::State)
            .into_tuple()
            .all(&read)
            .await?;
        let accounts: Vec<(Role, i64)> = account::Entity::find()
            .select_only()
            .column(account::Column::Role)
            .column_as(account::Column::Id.count(), "count")
            .filter(account::Column::DisabledAt.is_null())
            .group_by(account::Column::Role)
            .into_tuple()
            .all(&read)
            .await?;
        let count = |count: i64| u64::try_from(count).unwrap_or_default();
        Ok(Census {
            documents: documents.into_iter().map(|(status, n)| (status, count(n))).collect(),
            jobs: jobs.into_iter().map(|(kind, state, n)| (kind, state, count(n))).collect(),
            accounts: accounts.into_iter().map(|(role, n)| (role, count(n))).collect(),
        })
    }
}
