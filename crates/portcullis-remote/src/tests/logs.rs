//! What is logged of keys that are left out.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::source::Reader;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn take(&self) -> Vec<String> {
        let text = std::mem::take(&mut *self.0.lock().unwrap());
        let text = String::from_utf8(text).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Log {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

#[test]
fn each_odd_key_is_logged_once() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_ansi(false)
        .finish();
    let secret = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";
    let odd = |key_id: &str| json!({"kty": "EC", "crv": "P-999", "kid": key_id});
    let read = |reader: &Reader, keys: &[Value]| {
        let json = json!({"keys": keys}).to_string();
        let _ = reader.jwks("https://h.example/keys", json.as_bytes(), Duration::ZERO);
    };
    tracing::subscriber::with_default(subscriber, || {
        let reader = Reader::new(None);
        let oct = json!({"kty": "oct", "k": secret, "kid": "s"});
        read(&reader, &[odd("a\nb"), oct.clone()]);
        let lines = log.take();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(
            lines[0].contains("INFO") && lines[0].contains(r#"key "a\nb""#),
            "{lines:?}"
        );
        assert!(
            lines[1].contains("WARN") && lines[1].contains(r#"key "s""#),
            "{lines:?}"
        );
        assert!(lines[1].contains("https://h.example/keys"), "{lines:?}");
        assert!(!lines[1].contains(secret));
        // Again, in another order, and with a new one.
        read(&reader, &[oct.clone(), odd("a\nb")]);
        assert_eq!(log.take(), [""; 0]);
        read(&reader, &[oct, odd("a\nb"), odd("c")]);
        assert_eq!(log.take().len(), 1);
        // What left and came back is news.
        read(&reader, &[]);
        read(&reader, &[odd("c")]);
        assert_eq!(log.take().len(), 1);
    });
}
