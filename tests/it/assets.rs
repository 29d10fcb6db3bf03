//! Files of the project in buckets: packed alike everywhere, uploaded once, never by halves.

mod packing;
mod planning;
mod store;
mod templates;

use std::path::Path;

fn put(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}
