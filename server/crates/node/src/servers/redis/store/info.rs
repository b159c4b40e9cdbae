//! `INFO`.

use std::time::Duration;

use super::Store;

/// What a server is, besides what it keeps.
pub(in crate::servers::redis) struct About<'a> {
    pub(in crate::servers::redis) version: &'a str,
    pub(in crate::servers::redis) pid: u32,
    pub(in crate::servers::redis) uptime: Duration,
    /// A number of forty hexadecimal digits that changes with each start.
    pub(in crate::servers::redis) run_id: &'a str,
    pub(in crate::servers::redis) memory: u64,
    /// The section of that name.
    pub(in crate::servers::redis) replication: String,
}

impl Store {
    /// The sections that are asked for, or all of the usual ones.
    pub(in crate::servers::redis) fn info(&self, about: &About<'_>, wanted: &[String]) -> String {
        let seconds = about.uptime.saturating_sub(self.started).as_secs();
        let held: usize = self.databases.iter().map(super::Database::size).sum();
        let used = about.memory + held as u64;
        let statistics = &self.statistics;
        let saved = self.saved.as_second();
        let aof = u8::from(self.settings.is_on("appendonly"));
        let keyspace: String = self
            .databases
            .iter()
            .enumerate()
            .filter(|(_, database)| !database.slots.is_empty())
            .map(|(number, database)| {
                let ends = database.slots.values().filter(|slot| slot.ends.is_some()).count();
                format!("db{number}:keys={},expires={ends},avg_ttl=0\r\n", database.slots.len())
            })
            .collect();
        let sections = [
            (
                "Server",
                format!(
                    "redis_version:{}\r\nredis_git_sha1:00000000\r\nredis_git_dirty:0\r\nredis_mode:standalone\r\n\
                     os:Linux 6.8.0 x86_64\r\narch_bits:64\r\nmultiplexing_api:epoll\r\nprocess_id:{}\r\nrun_id:{}\r\n\
                     tcp_port:{}\r\nuptime_in_seconds:{seconds}\r\nuptime_in_days:{}\r\nhz:10\r\nconfigured_hz:10\r\n\
                     executable:/data/redis-server\r\nconfig_file:{}\r\n",
                    about.version,
                    about.pid,
                    about.run_id,
                    self.settings.port(),
                    seconds / 86_400,
                    self.settings.file,
                ),
            ),
            (
                "Clients",
                format!(
                    "connected_clients:{}\r\nmaxclients:10000\r\nblocked_clients:0\r\npubsub_clients:0\r\n",
                    statistics.clients
                ),
            ),
            (
                "Memory",
                format!(
                    "used_memory:{used}\r\nused_memory_human:{:.2}M\r\nused_memory_peak:{used}\r\n\
                     used_memory_peak_human:{:.2}M\r\nmaxmemory:{}\r\nmaxmemory_policy:{}\r\n",
                    used as f64 / 1_048_576.0,
                    used as f64 / 1_048_576.0,
                    self.settings.get("maxmemory"),
                    self.settings.get("maxmemory-policy"),
                ),
            ),
            (
                "Persistence",
                format!(
                    "loading:0\r\nrdb_changes_since_last_save:{}\r\nrdb_bgsave_in_progress:0\r\nrdb_last_save_time:{saved}\r\n\
                     rdb_last_bgsave_status:ok\r\naof_enabled:{aof}\r\naof_rewrite_in_progress:0\r\n",
                    self.dirty
                ),
            ),
            (
                "Stats",
                format!(
                    "total_connections_received:{}\r\ntotal_commands_processed:{}\r\nrejected_connections:0\r\n\
                     expired_keys:{}\r\nevicted_keys:0\r\nkeyspace_hits:{}\r\nkeyspace_misses:{}\r\npubsub_channels:{}\r\n",
                    statistics.connections,
                    statistics.commands,
                    statistics.expired,
                    statistics.hits,
                    statistics.misses,
                    statistics.channels,
                ),
            ),
            ("Replication", about.replication.clone()),
            ("CPU", "used_cpu_sys:0.100000\r\nused_cpu_user:0.100000\r\n".to_owned()),
            ("Cluster", "cluster_enabled:0\r\n".to_owned()),
            ("Keyspace", keyspace),
        ];
        let all = wanted.is_empty()
            || wanted.iter().any(|name| matches!(name.as_str(), "all" | "default" | "everything"));
        let chosen = sections.iter().filter(|(name, _)| all || wanted.contains(&name.to_lowercase()));
        chosen.map(|(name, text)| format!("# {name}\r\n{text}")).collect::<Vec<_>>().join("\r\n")
    }
}
