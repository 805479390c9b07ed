//! Pictures of the console.

use std::{env, fs, path::Path};

use base64_simd::STANDARD;
use browser::{
    demo::Program,
    stage::{Stage, with_stage},
};
use serde_json::json;

use super::page::Console;

/// Where they are written to, if they shall be kept.
const FOLDER: &str = "PORTCULLIS_TEST_PICTURES";

const WIDTH: u32 = 1280;
const HEIGHT: u32 = 1160;

/// A telephone's.
const NARROW: u32 = 390;

/// In a README, beside text.
const LARGEST: usize = 300 * 1024;

/// A session in which something has happened, in light and in dark, without anything
/// that is cut off.
pub(super) fn it_is_fit_to_be_seen(program: Program) {
    with_stage(program, &[], async |stage| {
        resize(&stage, WIDTH).await;
        let hidden = json!({ "hidden": true });
        stage
            .browser
            .devtools("Emulation.setScrollbarsHidden", hidden)
            .await;
        let console = Console::open(&stage).await;
        console.sign_in().await;
        console
            .until("document.querySelector('#feed-state').dataset.state === 'on'")
            .await;
        for experiment in ["log-out-elsewhere", "eight"] {
            assert_eq!(console.experiment(experiment).await, "good");
        }
        console.event("session_ended").await;
        let away = json!({ "type": "mouseMoved", "x": 0, "y": 0 });
        stage
            .browser
            .devtools("Input.dispatchMouseEvent", away)
            .await;
        let mut pictures = Vec::new();
        for theme in ["light", "dark"] {
            let features = json!([{ "name": "prefers-color-scheme", "value": theme }]);
            let media = json!({ "features": features });
            stage
                .browser
                .devtools("Emulation.setEmulatedMedia", media)
                .await;
            let script = r#"
                document.activeElement.blur();
                scrollTo(0, 0);
                await document.fonts.ready;
                await Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null)));
            "#;
            stage.browser.run(script, &[]).await;
            assert_fits(&stage, WIDTH).await;
            let options = json!({ "format": "png", "optimizeForSpeed": false });
            let picture = stage
                .browser
                .devtools("Page.captureScreenshot", options)
                .await;
            let picture = STANDARD.decode_to_vec(picture["data"].as_str().unwrap());
            let picture = picture.unwrap();
            assert!(picture.len() <= LARGEST, "{} bytes", picture.len());
            keep(theme, &picture);
            pictures.push(picture);
        }
        assert_ne!(pictures[0], pictures[1], "dark is another picture");
        resize(&stage, NARROW).await;
        assert_fits(&stage, NARROW).await;
    });
}

async fn resize(stage: &Stage, width: u32) {
    let metrics = json!({
        "width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": false,
    });
    let set = "Emulation.setDeviceMetricsOverride";
    stage.browser.devtools(set, metrics).await;
}

/// Nothing has to be scrolled sideways.
async fn assert_fits(stage: &Stage, width: u32) {
    let script = "return document.documentElement.scrollWidth;";
    let needed = stage.browser.run(script, &[]).await;
    assert!(needed.as_u64().unwrap() <= u64::from(width), "{needed}");
}

fn keep(theme: &str, picture: &[u8]) {
    let Some(folder) = env::var_os(FOLDER) else {
        return;
    };
    // Tests are run in the folder of their package.
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = project.join(folder);
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("console-{theme}.png"));
    fs::write(file, picture).unwrap();
}
