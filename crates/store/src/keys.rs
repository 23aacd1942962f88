//! Values that the program itself keeps, such as its signing key.

use sea_orm::{ActiveValue::Set, EntityTrait};

use crate::entity::setting;
use crate::{Result, Store};

impl Store {
    /// The value with this name; the first call stores `make()`, and every process then sees the same.
    pub async fn value_or_insert(&self, name: &str, make: impl FnOnce() -> Vec<u8>) -> Result<Vec<u8>> {
        let row = setting::ActiveModel { name: Set(name.to_owned()), value: Set(make()) };
        setting::Entity::insert(row)
            .on_conflict_do_nothing_on([setting::Column::Name])
            .exec_without_returning(&self.write("keys.value_or_insert"))
            .await?;
        let found = setting::Entity::find_by_id(name.to_owned()).one(&self.write("keys.value_or_insert")).await?;
        found.map(|row| row.value).ok_or(crate::Error::Corrupt { what: "setting" })
    }
}
