//! Secrets and settings of the installation.

use super::{Database, Result};

impl Database {
    /// The value of setting `name`; where there is none, `make` makes it, once for all who ask at the same time.
    pub async fn setting_or_else(&self, name: &str, make: impl FnOnce() -> Vec<u8>) -> Result<Vec<u8>> {
        if let Some(value) = self.setting(name).await? {
            return Ok(value);
        }
        let value = make();
        sqlx::query!(
            "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
            name,
            value
        )
        .execute(&self.pool)
        .await?;
        Ok(self.setting(name).await?.unwrap_or(value))
    }

    async fn setting(&self, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(sqlx::query_scalar!("SELECT value FROM setting WHERE name = ?", name)
            .fetch_optional(&self.pool)
            .await?)
    }
}
