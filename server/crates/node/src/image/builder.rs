//! Building the file tree of an image.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use jiff::Timestamp;

use crate::kernel::{
    fs::{Device, Name, TreeDir, TreeFile, TreeLink, TreeMeta, TreeNode},
    process::program_file,
};

/// A file tree that grows. Directories above what is added are made as they are needed (0755, root).
#[derive(Debug)]
pub(crate) struct TreeBuilder {
    root: Branch,
    mtime: Timestamp,
}

#[derive(Debug)]
struct Branch {
    meta: TreeMeta,
    dirs: BTreeMap<Name, Branch>,
    nodes: BTreeMap<Name, TreeNode>,
}

impl Branch {
    fn new(meta: TreeMeta) -> Self {
        Self { meta, dirs: BTreeMap::new(), nodes: BTreeMap::new() }
    }

    fn child(&mut self, name: &[u8], meta: TreeMeta) -> &mut Self {
        self.nodes.remove(name);
        self.dirs.entry(name.into()).or_insert_with(|| Self::new(meta))
    }

    fn finish(self) -> Arc<TreeDir> {
        let mut dir = TreeDir::new(self.meta);
        dir.entries = self.nodes;
        for (name, branch) in self.dirs {
            dir.entries.insert(name, TreeNode::Dir(branch.finish()));
        }
        Arc::new(dir)
    }
}

impl TreeBuilder {
    /// An empty tree whose files were made at this time.
    pub(crate) fn new(mtime: Timestamp) -> Self {
        let meta = TreeMeta { mode: 0o755, uid: 0, gid: 0, mtime };
        Self { root: Branch::new(meta), mtime }
    }

    fn meta(&self, mode: u16) -> TreeMeta {
        TreeMeta { mode, uid: 0, gid: 0, mtime: self.mtime }
    }

    fn branch(&mut self, path: &str) -> &mut Branch {
        let meta = self.meta(0o755);
        let names = path.split('/').filter(|name| !name.is_empty());
        names.fold(&mut self.root, |branch, name| branch.child(name.as_bytes(), meta))
    }

    fn add(&mut self, path: &str, node: TreeNode) -> &mut Self {
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
        let branch = self.branch(dir);
        branch.dirs.remove(name.as_bytes());
        branch.nodes.insert(name.as_bytes().into(), node);
        self
    }

    /// Adds a directory, or changes its mode.
    pub(crate) fn dir(&mut self, path: &str, mode: u16) -> &mut Self {
        self.branch(path).meta.mode = mode;
        self
    }

    /// Adds a directory that belongs to someone.
    pub(crate) fn dir_of(&mut self, path: &str, mode: u16, uid: u32, gid: u32) -> &mut Self {
        let meta = &mut self.branch(path).meta;
        (meta.mode, meta.uid, meta.gid) = (mode, uid, gid);
        self
    }

    /// Adds directories with mode 0755.
    pub(crate) fn dirs(&mut self, paths: &[&str]) -> &mut Self {
        for path in paths {
            self.branch(path);
        }
        self
    }

    /// Adds a file.
    pub(crate) fn file(&mut self, path: &str, mode: u16, content: impl Into<Bytes>) -> &mut Self {
        let head: Bytes = content.into();
        let len = head.len() as u64;
        let file = TreeFile { meta: self.meta(mode), head, len, links: 1 };
        self.add(path, TreeNode::File(Arc::new(file)))
    }

    /// Adds an executable file that runs a program, as large as the real one.
    pub(crate) fn program(&mut self, path: &str, program: &str, size: u64) -> &mut Self {
        self.programs(&[path], program, size)
    }

    /// Adds one executable file under several names (hard links).
    pub(crate) fn programs(&mut self, paths: &[&str], program: &str, size: u64) -> &mut Self {
        let head = program_file(program);
        let len = size.max(head.len() as u64);
        let links = u32::try_from(paths.len()).unwrap_or(u32::MAX);
        let file = Arc::new(TreeFile { meta: self.meta(0o755), head, len, links });
        for path in paths {
            self.add(path, TreeNode::File(Arc::clone(&file)));
        }
        self
    }

    /// Adds a file of which only the size matters: a library.
    pub(crate) fn blob(&mut self, path: &str, mode: u16, size: u64) -> &mut Self {
        let head = Bytes::from_static(b"\x7fELF\x02\x01\x01\x00");
        let file = TreeFile { meta: self.meta(mode), head, len: size, links: 1 };
        self.add(path, TreeNode::File(Arc::new(file)))
    }

    /// Adds a symbolic link.
    pub(crate) fn link(&mut self, path: &str, target: &str) -> &mut Self {
        let link = TreeLink { meta: self.meta(0o777), target: target.as_bytes().into() };
        self.add(path, TreeNode::Link(Arc::new(link)))
    }

    /// Adds a device.
    pub(crate) fn device(&mut self, path: &str, mode: u16, device: Device) -> &mut Self {
        let meta = self.meta(mode);
        self.add(path, TreeNode::Device(meta, device))
    }

    /// The tree of an image: the places of what was mounted while it was built are left in it.
    pub(crate) fn finish_image(mut self) -> Arc<TreeDir> {
        self.dirs(&["/dev", "/proc", "/sys"]);
        for path in ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"] {
            let etc = self.branch("/etc");
            let name = path.trim_start_matches("/etc/").as_bytes();
            if !etc.nodes.contains_key(name) && !etc.dirs.contains_key(name) {
                self.file(path, 0o755, Bytes::new());
            }
        }
        self.finish()
    }

    /// The tree.
    pub(crate) fn finish(self) -> Arc<TreeDir> {
        self.root.finish()
    }
}
