//! Retention and the export of closed days, turn by turn.

use std::sync::Arc;

use flumen_base::{Result, topic};
use flumen_bus::Bus;
use rusqlite::Connection;

use crate::config::ArchiveConfig;
use crate::db::{self, told};
use crate::roles::Roles;
use crate::store::Store;
use crate::{days, retain};

/// Keeps the archive within its limits.
pub(crate) struct Keeper {
    bus: Arc<dyn Bus>,
    store: Arc<dyn Store>,
    conn: Connection,
    roles: Roles,
    config: ArchiveConfig,
}

impl Keeper {
    /// Opens the database.
    pub(crate) fn open(
        bus: Arc<dyn Bus>,
        store: Arc<dyn Store>,
        config: &ArchiveConfig,
    ) -> Result<Keeper> {
        Ok(Keeper {
            bus,
            store,
            conn: db::open(&config.dir)?,
            roles: Roles::default(),
            config: config.clone(),
        })
    }

    /// Removes what is not kept any more and exports days that are over.
    pub(crate) fn turn(&mut self, now_us: i64) -> Result<()> {
        self.roles.refresh(self.bus.as_ref())?;
        let table = self.bus.table(topic::SEGMENTS)?;
        let gaps = self.bus.table(topic::GAPS)?;
        retain::collect(&self.conn, self.store.as_ref(), table.as_ref())?;
        for camera in self.cameras()? {
            let keep = self.roles.keep(&camera, self.config.keep);
            while retain::condemn(&mut self.conn, &camera, keep, now_us, gaps.as_ref())? > 0 {
                retain::collect(&self.conn, self.store.as_ref(), table.as_ref())?;
            }
        }
        retain::forget(&mut self.conn, self.config.keep_events, now_us)?;
        if self.config.export_days {
            days::renew(&self.conn)?;
            days::export(&mut self.conn, self.store.as_ref(), now_us)?;
        }
        Ok(())
    }

    fn cameras(&self) -> Result<Vec<String>> {
        let mut query =
            self.conn.prepare_cached("SELECT DISTINCT camera FROM segment").map_err(told)?;
        let rows = query.query_map([], |r| r.get(0)).map_err(told)?;
        rows.collect::<rusqlite::Result<_>>().map_err(told)
    }
}
