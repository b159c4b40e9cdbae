//! The kubelet: what runs the Pods of a node.

mod pod;
