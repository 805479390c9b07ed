//! Sorted slices that are replaced as a whole, so that readers never wait.

use std::sync::Arc;

use arc_swap::ArcSwap;

/// How many slices a table has. Of a million entries each is then some 94 kB, which takes
/// a few microseconds to write anew.
pub(super) const SHARDS: usize = 256;

/// What stands in a slice.
pub(super) trait Entry: Copy {
    /// By what it is found and sorted.
    type Key: Ord;

    fn key(&self) -> Self::Key;

    /// A number that rises with the key, and is rarely that of another one: cheaper to
    /// compare.
    fn rank(key: &Self::Key) -> u64;
}

/// A table of entries in shards. Whoever looks something up sees a shard as it was or as
/// it is, and never waits; writers take turns, which is theirs to see to.
pub(super) struct Shards<E>(Box<[ArcSwap<Box<[E]>>]>);

impl<E> Default for Shards<E> {
    fn default() -> Self {
        let empty = Arc::new(Box::default());
        let shards = (0..SHARDS).map(|_| ArcSwap::new(Arc::clone(&empty)));
        Self(shards.collect())
    }
}

impl<E: Entry> Shards<E> {
    /// The entry with this key.
    pub(super) fn find(&self, shard: usize, key: &E::Key) -> Option<E> {
        let entries = self.0[shard].load();
        let rank = E::rank(key);
        let first = entries.partition_point(|entry| E::rank(&entry.key()) < rank);
        let same = entries[first..].iter();
        let mut same = same.take_while(|entry| E::rank(&entry.key()) == rank);
        same.find(|entry| entry.key() == *key).copied()
    }

    /// Writes a shard anew: what `stays` of it, and `news`, which are sorted and come in
    /// place of those with the same key.
    pub(super) fn rebuild(&self, shard: usize, news: &[E], mut stays: impl FnMut(&E) -> bool) {
        let old = self.0[shard].load();
        if old.is_empty() && news.is_empty() {
            return;
        }
        let mut merged = Vec::with_capacity(old.len() + news.len());
        let mut news = news.iter().copied().peekable();
        for entry in old.iter() {
            let key = entry.key();
            while let Some(new) = news.next_if(|new| new.key() < key) {
                merged.push(new);
            }
            if let Some(new) = news.next_if(|new| new.key() == key) {
                merged.push(new);
            } else if stays(entry) {
                merged.push(*entry);
            }
        }
        merged.extend(news);
        self.0[shard].store(Arc::new(merged.into_boxed_slice()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Entry for (u8, u8) {
        type Key = u8;

        fn key(&self) -> u8 {
            self.0
        }

        /// Some have the same.
        fn rank(key: &u8) -> u64 {
            u64::from(*key / 2)
        }
    }

    #[test]
    fn a_shard_is_merged_with_what_is_new() {
        let shards = Shards::default();
        shards.rebuild(7, &[(1, 0), (3, 0), (5, 0), (9, 0)], |_| false);
        let news = [(0, 1), (3, 1), (4, 1), (10, 1), (11, 1)];
        shards.rebuild(7, &news, |(key, _)| *key != 5);
        let found: Vec<_> = (0..=12).filter_map(|key| shards.find(7, &key)).collect();
        let expected = [(0, 1), (1, 0), (3, 1), (4, 1), (9, 0), (10, 1), (11, 1)];
        assert_eq!(found, expected);
        assert_eq!(shards.find(6, &1), None);
    }
}
