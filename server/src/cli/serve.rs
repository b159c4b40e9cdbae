//! `podlab serve`: the lab.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc};

use clap::Args;
use leptos::config::LeptosOptions;
use podlab_app::api::ClusterInfo;
use tokio::net::TcpListener;

use super::{ClusterArgument, ContentArgument, Failure};
use crate::{
    database::Database,
    grading::{Graders, Ground},
    lab::Lab,
    listening::{self, PATIENCE},
    shutdown, site,
    web::{self, CookieKey},
};

/// Arguments of `podlab serve`.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:3000", env = "PODLAB_LISTEN")]
    listen: SocketAddr,
    /// The database, made where it is missing: sqlite:PATH [default: podlab.db in your data folder]
    #[arg(long, value_name = "URL", env = "PODLAB_DATABASE")]
    database: Option<String>,
    /// The folder of the pages' scripts and styles [default: beside this program]
    #[arg(long, value_name = "DIR", env = "PODLAB_SITE")]
    site: Option<PathBuf>,
    #[command(flatten)]
    cluster: ClusterArgument,
    #[command(flatten)]
    content: ContentArgument,
}

impl Serve {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let content = Arc::new(self.content.load()?);
        let site = site::find(self.site)?;
        let url = self.database.unwrap_or_else(default_database);
        let database = Database::open(&url).await?;
        let ground = Ground::of(&self.cluster.cluster, &installation(&database).await?).await?;
        let cluster = ClusterInfo {
            simulated: ground.is_simulated(),
            name: ground.name().into(),
            version: ground.version(),
        };
        let listener = TcpListener::bind(self.listen).await.map_err(|e| {
            format!("{} cannot be listened on: {e}; choose another with --listen", self.listen)
        })?;
        let address = listener.local_addr()?;

        ground.sweep().await;
        let graders = Graders::new(Arc::clone(&content), database.clone(), ground);
        graders.resume().await?;
        let state = web::State {
            cookies: CookieKey::of(&database).await?,
            lab: Lab::new(content, database.clone(), graders.clone(), cluster.clone()),
            leptos: LeptosOptions::builder().output_name("podlab").site_pkg_dir("pkg").build(),
        };
        println!("podlab is ready on http://{address} (cluster: {}, database: {url})", cluster.name);
        // A stream of events lasts as long as its grading: who asked to stop does not wait for it. What is cut off is
        // taken up at the next start.
        tokio::select! {
            served = listening::serve(listener, web::router(state, site), Some(PATIENCE)) => served?,
            () = shutdown::signal() => {}
        }
        graders.close().await;
        database.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// What stands for this installation on a shared cluster.
async fn installation(database: &Database) -> Result<String, Failure> {
    let make = || format!("{:016x}", rand::random::<u64>()).into_bytes();
    Ok(String::from_utf8(database.setting_or_else("installation", make).await?)?)
}

/// `podlab.db` in the person's data folder (XDG base directory specification), or here where there is none.
fn default_database() -> String {
    let data = std::env::var_os("XDG_DATA_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    match data.or_else(home) {
        Some(folder) => format!("sqlite:{}", folder.join("podlab").join("podlab.db").display()),
        None => "sqlite:podlab.db".into(),
    }
}
