//! Paths that people give.

use std::fs;
use std::path::Path;

use crate::harness::{Database, Sandbox, populated};
use crate::process::run;

#[test]
fn every_command_finds_an_archive_by_any_name() {
    let simulator = populated(3);
    let long = format!("{}.db", "n".repeat(200));
    for name in [
        "with a space.db",
        "Größe-архив-📜.db",
        "-v",
        "a\nb.db",
        "%41?x#y&z.db",
        "sub/../up.db",
        &long,
    ] {
        let sandbox = Sandbox::new();
        fs::create_dir(sandbox.path("sub")).unwrap();
        // Relative to the folder in which the program is run.
        let relative = if name.starts_with('-') { format!("./{name}") } else { name.to_owned() };
        let mut sync = sandbox.sync_command_of(Path::new(&relative), &simulator);
        for added in [3, 0] {
            assert_eq!(run(&mut sync).expect(0).summary()["added"], added, "{name}");
        }
        let path = sandbox.path(name);
        assert!(path.is_file(), "{name}");
        for (archive, arguments) in [
            (Path::new(&relative), &["verify"][..]),
            (&path, &["status"]),
            (&path, &["query", "counts"]),
            (Path::new(&relative), &["backup", "copy of it.db"]),
        ] {
            run(sandbox.bare().arg("--archive").arg(archive).args(arguments)).expect(0);
        }
        assert_eq!(
            Database::open(&path).content(),
            Database::open(&sandbox.path("copy of it.db")).content()
        );
    }
}

#[test]
fn a_link_leads_to_the_archive_and_one_lock_serves_both_names() {
    let simulator = populated(3);
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("real")).unwrap();
    std::os::unix::fs::symlink("real", sandbox.path("linked")).unwrap();
    run(&mut sandbox.sync_command_of(Path::new("linked/archive.db"), &simulator)).expect(0);
    std::os::unix::fs::symlink("real/archive.db", sandbox.archive()).unwrap();
    assert_eq!(sandbox.sync(&simulator).expect(0).summary()["sequence"], 2);
    let mut beside: Vec<_> = fs::read_dir(sandbox.path("real"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    beside.sort();
    assert_eq!(beside, ["archive.db", "archive.db.lock"]);
    assert!(!sandbox.path("archive.db.lock").exists());
}

#[test]
fn a_name_that_is_too_long_for_the_files_beside_it_is_told_and_leaves_nothing() {
    let simulator = populated(3);
    for length in [250, 255, 300] {
        let sandbox = Sandbox::new();
        let name = "n".repeat(length);
        run(&mut sandbox.sync_command_of(Path::new(&name), &simulator))
            .expect(1)
            .says(&["error: ", "hint: "]);
        assert!(!sandbox.path(&name[..length.min(255)]).exists());
        assert!(simulator.requests().is_empty(), "AWS was asked");
    }
}
