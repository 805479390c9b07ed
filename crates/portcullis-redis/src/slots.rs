//! Which node of a cluster has a key.

use std::collections::BTreeMap;

use portcullis::session::StoreError;
use redis::{FromRedisValue, Value};

#[cfg(feature = "cluster")]
use crate::layout::slot_of;
use crate::{connection::Link, error::store_error};

/// The primaries of a cluster: first slot, last slot, address.
pub(crate) struct Slots(Vec<(u16, u16, String)>);

impl Slots {
    /// Those of the cluster behind this link.
    pub(crate) async fn of(link: &Link) -> Result<Self, StoreError> {
        let mut command = redis::cmd("CLUSTER");
        let answer = link.send(command.arg("SLOTS")).await;
        Self::parse(answer.map_err(store_error)?)
    }

    /// One slot of each primary.
    pub(crate) fn one_of_each(&self) -> Vec<u16> {
        let ranges = self.0.iter();
        let servers: BTreeMap<_, _> = ranges.map(|(first, _, at)| (at, *first)).collect();
        servers.into_values().collect()
    }

    /// Reads an answer to `CLUSTER SLOTS`.
    pub(crate) fn parse(answer: Value) -> Result<Self, StoreError> {
        let ranges = Vec::<Vec<Value>>::from_redis_value(answer).map_err(StoreError::corrupt)?;
        let ranges = ranges.into_iter().map(|range| {
            let mut range = range.into_iter();
            let mut next = || range.next().unwrap_or(Value::Nil);
            let first = u16::from_redis_value(next())?;
            let last = u16::from_redis_value(next())?;
            // Of what is said of the primary, host and port are always there.
            let primary = Vec::<Value>::from_redis_value(next())?;
            Ok((first, last, format!("{:?}", primary.get(..2))))
        });
        let ranges: Result<_, redis::ParsingError> = ranges.collect();
        ranges.map(Self).map_err(StoreError::corrupt)
    }

    /// The address of the primary that has this key, which has a hash tag.
    #[cfg(feature = "cluster")]
    pub(crate) fn primary_of(&self, key: &str) -> Result<&str, StoreError> {
        let slot = slot_of_key(key);
        let range = self.0.iter();
        let mut range = range.filter(|(first, last, _)| (*first..=*last).contains(&slot));
        match range.next() {
            Some((_, _, address)) => Ok(address),
            None => Err(StoreError::unavailable(format!(
                "no primary has slot {slot}"
            ))),
        }
    }
}

#[cfg(feature = "cluster")]
fn slot_of_key(key: &str) -> u16 {
    let tag = key
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'));
    slot_of(tag.map_or(key, |(tag, _)| tag).as_bytes())
}

#[cfg(all(test, feature = "cluster"))]
mod tests {
    use super::*;

    #[test]
    fn the_slot_is_that_of_the_hash_tag() {
        assert_eq!(slot_of_key("123456789"), 0x31c3);
        assert_eq!(slot_of_key("{123456789}:proof"), 0x31c3);
    }

    #[test]
    fn a_slot_that_nobody_has_is_told() {
        let node = Value::Array(vec![
            Value::BulkString(b"127.0.0.1".to_vec()),
            Value::Int(7000),
            Value::BulkString(b"id".to_vec()),
        ]);
        let slot = i64::from(slot_of_key("a"));
        let range = vec![Value::Int(slot), Value::Int(slot), node];
        let slots = Slots::parse(Value::Array(vec![Value::Array(range)]));
        let has = |key| {
            slots
                .as_ref()
                .is_ok_and(|slots| slots.primary_of(key).is_ok())
        };
        assert!(has("a"));
        assert!(!has("b"));
        assert!(Slots::parse(Value::Okay).is_err());
    }
}
