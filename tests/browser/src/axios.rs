//! The file that pages load to have axios.

use std::{env, fs, path::Path, sync::Once};

use crate::installed;

/// Where npm's packages are: the directory that `tests/interop/run.py` fills.
const FOREIGN: &str = "PORTCULLIS_TEST_FOREIGN";

/// Whether pages can have axios. If not, tests of it are left out.
pub fn is_installed() -> bool {
    static SAID: Once = Once::new();
    let is_there = module().is_some();
    if !is_there {
        installed::left_out(
            &SAID,
            "tests of axios in a browser: it is not installed; to include them, set \
             PORTCULLIS_TEST_FOREIGN to the directory that tests/interop/run.py has filled",
        );
    }
    is_there
}

/// The module for browsers.
pub(crate) fn module() -> Option<String> {
    // Tests are run in the folder of their package.
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let place = project.join(env::var_os(FOREIGN)?);
    let file = "node_modules/axios/dist/esm/axios.min.js";
    fs::read_to_string(place.join(file)).ok()
}
