//! Names of the program: interned, so that a copy is free and equality is one comparison.

use std::cell::RefCell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{LazyLock, Mutex, PoisonError};

use rustc_hash::FxHashSet;

/// A name that occurs in the program. Ordered by its text.
///
/// The text lives as long as the process: a program has few distinct names.
#[derive(Clone, Copy, Eq, PartialOrd, Ord)]
pub struct Name(&'static str);

impl PartialEq for Name {
    /// Equal names share one text, so its address decides.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_ptr().hash(state);
    }
}

static ALL: LazyLock<Mutex<FxHashSet<&'static str>>> = LazyLock::new(Mutex::default);

thread_local! {
    static SEEN: RefCell<FxHashSet<&'static str>> = RefCell::default();
}

impl Name {
    /// The name with that text.
    pub fn new(text: &str) -> Self {
        SEEN.with_borrow_mut(|seen| {
            if let Some(known) = seen.get(text) {
                return Self(known);
            }
            let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
            let known = match all.get(text) {
                Some(known) => *known,
                None => {
                    let fresh: &'static str = Box::leak(text.into());
                    all.insert(fresh);
                    fresh
                }
            };
            seen.insert(known);
            Self(known)
        })
    }

    /// Its text.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}
