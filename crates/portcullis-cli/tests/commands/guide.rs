//! The program's page in the guide is made from its help.

use std::{env, fs, path::Path};

use clap::Command;

/// From here on the page is made.
const MARK: &str = "<!-- From here on this page is made from the program's help. -->\n";

/// How wide the help is on the page, in characters.
const WIDTH: usize = 88;

/// Set, the page is written rather than compared.
const WRITE: &str = "PORTCULLIS_WRITE_GUIDE";

#[test]
fn the_page_in_the_guide_is_what_the_help_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/cli.md");
    let text = fs::read_to_string(&page).unwrap();
    let (by_hand, made) = text.split_once(MARK).unwrap();
    let mut expected = String::new();
    let mut command = portcullis_cli::command();
    command.build();
    chapters(&mut command, &mut expected);
    if env::var_os(WRITE).is_some() {
        fs::write(&page, [by_hand, MARK, &expected].concat()).unwrap();
    } else {
        assert_eq!(
            made, expected,
            "write the page anew: set {WRITE}=1 for this test"
        );
    }
}

/// A chapter for each command that does something, in the order of the help.
fn chapters(command: &mut Command, page: &mut String) {
    if !command.has_subcommands() {
        let name = command.get_bin_name().unwrap_or_default().to_owned();
        *command = command.clone().term_width(WIDTH);
        let help = command.render_long_help().to_string();
        let lines: Vec<_> = help.lines().map(str::trim_end).collect();
        let help = lines.join("\n");
        *page += &format!("\n## {name}\n\n```text\n{}\n```\n", help.trim_end());
    }
    for command in command.get_subcommands_mut() {
        if command.get_name() != "help" {
            chapters(command, page);
        }
    }
}

#[test]
fn the_chapters_are_those_of_the_commands() {
    let mut page = String::new();
    let mut command = portcullis_cli::command();
    command.build();
    chapters(&mut command, &mut page);
    let titles = page.lines().filter_map(|line| line.strip_prefix("## "));
    assert_eq!(
        titles.collect::<Vec<_>>(),
        [
            "portcullis key new",
            "portcullis key show",
            "portcullis key convert",
            "portcullis key thumbprint",
            "portcullis token mint",
            "portcullis token inspect",
            "portcullis token explain",
            "portcullis config check",
            "portcullis issuer serve",
        ]
    );
}
