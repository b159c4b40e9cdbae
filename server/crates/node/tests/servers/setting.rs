//! Pods of several images, and files for them.

use bytes::Bytes;
use podlab_node::{ContainerConfig, ContainerId, Mount, SandboxId, TreeContent, TreeEntry};

use super::lab::{Lab, Output};

/// A container of an image as it comes.
pub(crate) fn image(name: &str) -> ContainerConfig {
    ContainerConfig { name: "main".to_owned(), image: name.to_owned(), ..ContainerConfig::default() }
}

/// A container of an image that runs a script.
pub(crate) fn running(name: &str, script: &str) -> ContainerConfig {
    ContainerConfig { command: ["sh", "-c", script].map(str::to_owned).to_vec(), ..image(name) }
}

impl Lab {
    /// Starts a container, after pulling its image.
    pub(crate) async fn add(&self, pod: &SandboxId, config: ContainerConfig) -> ContainerId {
        self.node.pull_image(&config.image).await.unwrap();
        self.start(pod, config).await
    }

    /// A directory with files.
    pub(crate) fn files(&self, files: &[(&str, &str)], at: &str) -> Mount {
        let entries: Vec<_> = files
            .iter()
            .map(|(path, text)| TreeEntry {
                path: (*path).to_owned(),
                mode: 0o644,
                content: TreeContent::File(Bytes::copy_from_slice(text.as_bytes())),
            })
            .collect();
        let volume = self.node.directory(&entries).unwrap();
        Mount { volume, sub_path: None, path: at.to_owned(), read_only: false }
    }

    /// A single file.
    pub(crate) fn file(&self, name: &str, text: &str, at: &str) -> Mount {
        Mount { sub_path: Some(name.to_owned()), ..self.files(&[(name, text)], at) }
    }

    /// Runs a program of a container, and expects nothing but its output.
    pub(crate) async fn run(&self, id: &ContainerId, argv: &[&str]) -> String {
        let Output { stdout, stderr, code } = self.exec(id, argv).await.unwrap();
        assert_eq!(code, 0, "{argv:?}: {stdout}{stderr}");
        stdout
    }
}
