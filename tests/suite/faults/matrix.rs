//! Every fault at every moment, and the table that comes of it: `tests/FAULTS.md`.

use std::any::Any;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, thread};

use super::cell::{self, Cell};
use super::row::Row;
use super::rows::rows;
use super::world::{MOMENTS, World};

/// Cells at a time: most of the time they wait, for a timeout or before another attempt.
const THREADS: usize = 6;

const HEAD: &str = "\
# Faults

What comes of each fault, at three moments: at the third page of the list in an archive's first sync; there in a later
sync; and in a later sync at the second page of a list of children (`ParentHandshakeId`). The unrestricted list has 5
pages and the children's 2; on every page something changed since the sync before, and 2 handshakes are gone.

A cell says: the exit code of the sync and the error code that it wrote down; the pages that are in the archive to the
letter, and the odd handshake of the row if it is there as a handshake; what is in quarantine, to the letter; how many
handshakes the sync marked gone; the exit codes of `status` and `verify` right after. *Healed*: the next sync completed,
with the content of an archive to which nothing had happened, and `status` ended with 0 or with what is said.

The test suite makes this table (`tests/suite/faults/`) and fails when it observes another. There, each row also tells
its exit code beforehand. To add a fault, add a line to `rows.rs`; then `UPDATE_FAULTS=1 cargo test --test suite matrix`
writes this file. The rows of the clock are calls of the library, which takes the clock as an input; all others are runs
of the program.

| fault | first sync | later sync | children's lists |
|---|---|---|---|
";

#[test]
fn every_fault_of_the_matrix_ends_as_told_and_the_next_sync_heals() {
    let (world, rows) = (World::new(), rows());
    let table = table(&rows, &fill(&rows, &world));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/FAULTS.md");
    if env::var_os("UPDATE_FAULTS").is_some() {
        fs::write(path, &table).unwrap();
    }
    let written = fs::read_to_string(path).unwrap_or_default();
    for (written, observed) in written.lines().zip(table.lines()) {
        assert_eq!(written, observed, "tests/FAULTS.md is not what was observed");
    }
    assert_eq!(written, table);
}

type Filled = Result<Cell, Box<dyn Any + Send>>;

/// Every cell, row by row. All are filled, and only then are those that broke told.
fn fill(rows: &[Row], world: &World) -> Vec<Cell> {
    let cells = rows.len() * MOMENTS.len();
    let next = AtomicUsize::new(0);
    let filled: Vec<Mutex<Option<Filled>>> = (0..cells).map(|_| Mutex::default()).collect();
    let work = || {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(cell) = filled.get(place) else { return };
            let (row, moment) = (&rows[place / MOMENTS.len()], MOMENTS[place % MOMENTS.len()]);
            let observed = AssertUnwindSafe(|| cell::observe(row, moment, world));
            *cell.lock().unwrap() = Some(catch_unwind(observed));
        }
    };
    thread::scope(|scope| (0..THREADS).for_each(|_| drop(scope.spawn(work))));
    let mut broken = String::new();
    let mut cells = Vec::new();
    for (place, cell) in filled.into_iter().enumerate() {
        match cell.into_inner().unwrap().unwrap() {
            Ok(cell) => cells.push(cell),
            Err(panic) => {
                let (row, moment) = (&rows[place / MOMENTS.len()], MOMENTS[place % MOMENTS.len()]);
                let _ = writeln!(broken, "{}, {moment:?}: {}", row.name, words(&*panic));
            }
        }
    }
    assert!(broken.is_empty(), "\n{broken}");
    cells
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words")
}

fn table(rows: &[Row], cells: &[Cell]) -> String {
    let mut text = HEAD.to_owned();
    for (row, cells) in rows.iter().zip(cells.chunks(MOMENTS.len())) {
        let [first, later, children] = cells else { unreachable!("a row has three cells") };
        writeln!(text, "| {} | {first} | {later} | {children} |", row.name).unwrap();
    }
    text
}
