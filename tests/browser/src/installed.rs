//! What must be installed, and what is left out where it is not.

use std::{
    env,
    io::{self, Write as _},
    path::PathBuf,
    sync::Once,
};

/// Makes a missing browser an error.
const REQUIRED: &str = "PORTCULLIS_TEST_REQUIRE_BROWSER";

/// The browser and the program that drives it.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    pub(crate) chromium: PathBuf,
    pub(crate) driver: PathBuf,
}

/// Chromium and ChromeDriver, if they are on the path.
pub(crate) fn programs() -> Option<Programs> {
    static SAID: Once = Once::new();
    let found = on_path("chromium").zip(on_path("chromedriver"));
    let Some((chromium, driver)) = found else {
        left_out(
            &SAID,
            "tests in a browser: chromium or chromedriver is not installed; to include them, \
             install Debian's packages chromium and chromium-driver",
        );
        return None;
    };
    Some(Programs { chromium, driver })
}

/// Says it once, past the test harness, which would keep it to itself.
pub(crate) fn left_out(said: &Once, what: &str) {
    assert!(
        env::var_os(REQUIRED).is_none_or(|value| value.is_empty()),
        "{REQUIRED} is set, but these would be left out: {what}"
    );
    said.call_once(|| {
        let _ = writeln!(io::stdout(), "left out: {what}");
    });
}

fn on_path(program: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}
