//! The file that pages load to have axios.

use std::{env, fs, path::Path, sync::Once};

use crate::installed;

/// Where npm's packages are: the directory that `tests/interop/run.py` fills.
const FOREIGN: &str = "PORTCULLIS_TEST_FOREIGN";

/// The module of axios for browsers, if it is installed.
pub fn module() -> Option<String> {
    static SAID: Once = Once::new();
    let found = env::var_os(FOREIGN).and_then(|place| {
        let file = "node_modules/axios/dist/esm/axios.min.js";
        fs::read_to_string(Path::new(&place).join(file)).ok()
    });
    if found.is_none() {
        installed::left_out(
            &SAID,
            "tests of axios in a browser: it is not installed; to include them, set \
             PORTCULLIS_TEST_FOREIGN to the directory that tests/interop/run.py has filled",
        );
    }
    found
}
