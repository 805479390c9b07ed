//! Which node of a cluster has a key.

use portcullis::session::StoreError;
use redis::{FromRedisValue, Value};

/// How many slots a cluster has.
const SLOTS: u16 = 16384;

/// The primaries of a cluster: first slot, last slot, address.
pub(crate) struct Slots(Vec<(u16, u16, String)>);

impl Slots {
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
    pub(crate) fn primary_of(&self, key: &str) -> Result<&str, StoreError> {
        let slot = slot_of(key);
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

fn slot_of(key: &str) -> u16 {
    let tag = key
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'));
    let tag = tag.map_or(key, |(tag, _)| tag);
    crc_16(tag.as_bytes()) % SLOTS
}

/// CRC-16/XMODEM, as the specification of Redis Cluster wants it.
fn crc_16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        let mut crc = crc ^ (u16::from(*byte) << 8);
        for _ in 0..8 {
            let carry = crc & 0x8000 != 0;
            crc = (crc << 1) ^ if carry { 0x1021 } else { 0 };
        }
        crc
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_specification() {
        assert_eq!(crc_16(b"123456789"), 0x31c3);
        assert_eq!(slot_of("123456789"), 0x31c3 % SLOTS);
        assert_eq!(slot_of("{123456789}:proof"), slot_of("123456789"));
    }

    #[test]
    fn a_slot_that_nobody_has_is_told() {
        let node = Value::Array(vec![
            Value::BulkString(b"127.0.0.1".to_vec()),
            Value::Int(7000),
            Value::BulkString(b"id".to_vec()),
        ]);
        let slot = i64::from(slot_of("a"));
        let range = vec![Value::Int(slot), Value::Int(slot), node];
        let slots = Slots::parse(Value::Array(vec![Value::Array(range)])).unwrap();
        assert!(slots.primary_of("a").is_ok());
        assert!(slots.primary_of("b").is_err());
        assert!(Slots::parse(Value::Okay).is_err());
    }
}
