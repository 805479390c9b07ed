//! The keys of an issuer: those it signs with and those it publishes.

use portcullis::jose::{Algorithm, KeySet, SigningKey};
use serde_json::{Map, Value};

use super::odd::OddKey;

/// The keys of a [`FakeIssuer`](super::FakeIssuer), which are changed in
/// [`FakeIssuer::keys`](super::FakeIssuer::keys): whoever fetches them sees
/// all of the change or nothing of it.
///
/// Keys have names (`key-1`, `key-2`, …), which are their `kid` as well, unless
/// they came with one of their own.
///
/// ```
/// use portcullis_testing::issuer::FakeIssuer;
///
/// let issuer = FakeIssuer::start();
/// let first = issuer.signing_key();
/// // As issuers should: publish, and sign some time later.
/// let next = issuer.keys(|keys| keys.announce());
/// issuer.keys(|keys| keys.sign_with(&next));
/// issuer.keys(|keys| keys.withdraw("key-1"));
/// assert_eq!(issuer.key_set().len(), 1);
/// let late = issuer.token("alice").signed_by(&first).build();
/// # let _ = late;
/// ```
///
/// Methods that take the name of a key panic if there is none of that name.
#[derive(Clone, Debug)]
pub struct IssuerKeys {
    algorithm: Algorithm,
    /// All there ever were.
    owned: Vec<(String, SigningKey)>,
    /// The names of those it has signed with; the last is the current one.
    signers: Vec<String>,
    published: Vec<Published>,
    made: usize,
}

#[derive(Clone, Debug)]
enum Published {
    Key(String, Map<String, Value>),
    /// As it stands in the document.
    Raw(String),
}

impl IssuerKeys {
    /// One key, published and signed with.
    pub(super) fn new(algorithm: Algorithm, first: Option<SigningKey>) -> Self {
        let mut keys = Self {
            algorithm,
            owned: Vec::new(),
            signers: Vec::new(),
            published: Vec::new(),
            made: 0,
        };
        let name = match first {
            Some(key) => keys.announce_key(key),
            None => keys.announce(),
        };
        keys.sign_with(&name);
        keys
    }

    /// Makes a key, publishes it beside the others and signs with it from now
    /// on. Answers its name.
    pub fn roll(&mut self) -> String {
        let name = self.announce();
        self.sign_with(&name);
        name
    }

    /// Makes a key and publishes it, without signing with it.
    pub fn announce(&mut self) -> String {
        self.made += 1;
        let name = format!("key-{}", self.made);
        let key = generate(self.algorithm).with_key_id(&name);
        self.publish(name, key)
    }

    /// Publishes a given key, of any algorithm, under its `kid`, or without
    /// one if it has none; it gets a name all the same.
    pub fn announce_key(&mut self, key: SigningKey) -> String {
        self.made += 1;
        let made = || format!("key-{}", self.made);
        let name = key.key_id().map_or_else(made, str::to_owned);
        self.publish(name, key)
    }

    /// Signs with this key from now on, whether it is published or not.
    pub fn sign_with(&mut self, name: &str) {
        let _ = self.key(name);
        // The one before is another one.
        if self.signers.last().is_none_or(|current| current != name) {
            self.signers.push(name.to_owned());
        }
    }

    /// Publishes a key no longer; it can still sign.
    pub fn withdraw(&mut self, name: &str) {
        let _ = self.key(name);
        self.published
            .retain(|entry| !matches!(entry, Published::Key(other, _) if other == name));
    }

    /// Publishes a key that was withdrawn, as the last of the set.
    pub fn restore(&mut self, name: &str) {
        self.withdraw(name);
        let entry = Published::Key(name.to_owned(), public_jwk(self.key(name)));
        self.published.push(entry);
    }

    /// Puts another key, of the same algorithm, in the place of one, under the
    /// same name and `kid`. Answers the key that was there.
    pub fn replace(&mut self, name: &str) -> SigningKey {
        let (algorithm, key_id) = {
            let old = self.key(name);
            (old.algorithm(), old.key_id().map(str::to_owned))
        };
        let mut new = generate(algorithm);
        new = match &key_id {
            Some(key_id) => new.with_key_id(key_id),
            None => without_key_id(new),
        };
        for entry in &mut self.published {
            if let Published::Key(other, jwk) = entry
                && other == name
            {
                *jwk = public_jwk(&new);
            }
        }
        let owned = self.owned.iter_mut().find(|(other, _)| other == name);
        let (_, slot) = owned.expect("it was found before");
        std::mem::replace(slot, new)
    }

    /// Sets a member of what is published of a key, such as `issuer`.
    pub fn set(&mut self, name: &str, member: &str, value: impl Into<Value>) {
        self.jwk_mut(name).insert(member.to_owned(), value.into());
    }

    /// Leaves out a member of what is published of a key, such as `alg`.
    pub fn unset(&mut self, name: &str, member: &str) {
        self.jwk_mut(name).remove(member);
    }

    /// Publishes an entry that is no use to anybody.
    pub fn add_odd(&mut self, odd: OddKey) {
        self.add_raw(odd.json());
    }

    /// Publishes any text as one more entry.
    pub fn add_raw(&mut self, json: impl Into<String>) {
        self.published.push(Published::Raw(json.into()));
    }

    /// Publishes nothing any more: the key set is empty.
    pub fn clear(&mut self) {
        self.published.clear();
    }

    /// The key that it signs with.
    pub fn current(&self) -> SigningKey {
        let name = self.signers.last().expect("there is always a signer");
        self.key(name).clone()
    }

    /// The key that it signed with before.
    ///
    /// # Panics
    ///
    /// If it has signed with no other.
    pub fn previous(&self) -> SigningKey {
        let before = self.signers.iter().rev().nth(1);
        let name = before.expect("keys were rolled before");
        self.key(name).clone()
    }

    /// The key of this name, published or not.
    pub fn key(&self, name: &str) -> &SigningKey {
        let found = self.owned.iter().find(|(other, _)| other == name);
        assert!(found.is_some(), "no key is named {name}");
        found.map(|(_, key)| key).expect("it was found")
    }

    /// What is published of a key, as JSON: [`add_raw`](Self::add_raw) of it is
    /// a duplicate.
    pub fn jwk(&self, name: &str) -> String {
        let found = self.published.iter().find_map(|entry| match entry {
            Published::Key(other, jwk) if other == name => Some(jwk.clone()),
            _ => None,
        });
        assert!(found.is_some(), "no key named {name} is published");
        Value::Object(found.unwrap_or_default()).to_string()
    }

    /// The key set as it is published.
    pub fn document(&self) -> String {
        let entries = self.published.iter().map(|entry| match entry {
            Published::Key(_, jwk) => Value::Object(jwk.clone()).to_string(),
            Published::Raw(json) => json.clone(),
        });
        let entries: Vec<_> = entries.collect();
        format!(r#"{{"keys":[{}]}}"#, entries.join(","))
    }

    /// Those of its own keys that are published now, whatever the document
    /// says of them.
    pub fn key_set(&self) -> KeySet {
        let published = self.published.iter().filter_map(|entry| match entry {
            Published::Key(name, _) => Some(self.key(name).verifying_key()),
            Published::Raw(_) => None,
        });
        KeySet::new(published)
    }

    /// All keys there ever were.
    pub(super) fn owned(&self) -> impl Iterator<Item = &SigningKey> {
        self.owned.iter().map(|(_, key)| key)
    }

    /// The names of the algorithms that tokens may have now.
    pub(super) fn algorithms(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for entry in &self.published {
            if let Published::Key(name, _) = entry
                && let algorithm = self.key(name).header_name()
                && !names.contains(&algorithm)
            {
                names.push(algorithm);
            }
        }
        names
    }

    fn publish(&mut self, name: String, key: SigningKey) -> String {
        let taken = self.owned.iter().any(|(other, _)| *other == name);
        assert!(!taken, "there is a key named {name}: use `replace`");
        let entry = Published::Key(name.clone(), public_jwk(&key));
        self.published.push(entry);
        self.owned.push((name.clone(), key));
        name
    }

    fn jwk_mut(&mut self, name: &str) -> &mut Map<String, Value> {
        let found = self.published.iter_mut().find_map(|entry| match entry {
            Published::Key(other, jwk) if other == name => Some(jwk),
            _ => None,
        });
        assert!(found.is_some(), "no key named {name} is published");
        found.expect("it was found")
    }
}

/// A new key that nobody publishes, with a `kid` of its own.
pub(super) fn generate(algorithm: Algorithm) -> SigningKey {
    SigningKey::generate(algorithm).expect("the system has randomness")
}

fn public_jwk(key: &SigningKey) -> Map<String, Value> {
    let jwk = key.verifying_key().public_jwk();
    jwk.expect("an issuer publishes public keys, not secrets")
}

/// The same key without a `kid`, by way of its JWK.
fn without_key_id(key: SigningKey) -> SigningKey {
    let jwk = key.to_jwk().expect("a key can be written");
    let mut jwk: Map<String, Value> =
        serde_json::from_str(jwk.expose()).expect("a key is a JSON object");
    jwk.remove("kid");
    let json = Value::Object(jwk).to_string();
    SigningKey::from_jwk(json, None).expect("it was a key before")
}
