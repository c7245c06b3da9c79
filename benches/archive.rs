//! What an archive costs to use once it is there: whole processes, release build.
//!
//! ```text
//! cargo bench --bench archive            # first makes one of a million handshakes: minutes, 2.2 GB
//! cargo bench --bench archive -- PATH    # with an archive that is there
//! ```
//!
//! Start-up, each canned query, `status`, `verify`, and the bytes of each table and index. The archive that is
//! made is that of `examples/generate.rs`, kept in the target folder. The best of several runs is told: whatever
//! else the machine does only ever adds.

#![expect(clippy::print_stdout, reason = "the result is the output")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

const PROGRAM: &str = env!("CARGO_BIN_EXE_handshake-archive");
const HANDSHAKES: &str = "1000000";
/// What takes longer than a second is run once.
const RUNS: u32 = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let path = match std::env::args_os().skip(1).find(|argument| argument != "--bench") {
        Some(path) => PathBuf::from(path),
        None => generated()?,
    };
    let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let one = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0));
    let (handshakes, versions, syncs): (i64, i64, i64) = connection.query_row(
        "SELECT (SELECT count(*) FROM handshakes), (SELECT count(*) FROM handshake_versions),
                (SELECT count(*) FROM syncs)",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    println!("{handshakes} handshakes, {versions} contents, {syncs} syncs; best of {RUNS}");

    let now = one("SELECT max(finished_at) FROM syncs")?;
    let newest = "FROM handshakes WHERE account IS NOT NULL ORDER BY handshake_id DESC LIMIT 1";
    let (id, account) =
        (one(&format!("SELECT id {newest}"))?, one(&format!("SELECT account {newest}"))?);
    let request = one("SELECT id FROM handshakes WHERE action = 'ENABLE_ALL_FEATURES'
                       ORDER BY handshake_id DESC LIMIT 1")?;
    let ago = |days: u32| {
        one(&format!("SELECT strftime('%Y-%m-%d', max(finished_at), '-{days} days') FROM syncs"))
    };
    let (week, year) = (ago(7)?, ago(365)?);

    measure(&path, "query --sql 'SELECT 1'", &["query", "--sql", "SELECT 1"])?;
    measure(&path, "show", &["show", &id])?;
    measure(&path, "show --history", &["show", &id, "--history"])?;
    for (name, parameters) in [
        ("account-history", vec![format!("account={account}")]),
        ("all-features", vec![format!("id={request}")]),
        ("answer-times", vec![format!("from={year}"), format!("until={now}")]),
        ("as-of", vec![format!("moment={year}")]),
        ("billing-transfers", vec![]),
        ("blind-windows", vec![format!("now={now}")]),
        ("changes", vec![]),
        ("counts", vec![]),
        ("expiring", vec![format!("now={now}")]),
        ("invited-again", vec![]),
        ("notes", vec!["text=ticket 1234".to_owned()]),
        ("outcomes", vec![format!("from={year}"), format!("until={now}")]),
        ("pending", vec![format!("now={now}")]),
        ("purge-due", vec![format!("now={now}")]),
        ("purged", vec![format!("since={week}")]),
        ("purged", vec![]),
        ("resource-tree", vec![format!("id={id}")]),
        ("syncs", vec![]),
        ("transitions", vec![format!("since={week}")]),
        ("transitions", vec!["since=1970-01-01".to_owned()]),
        ("unknown-outcomes", vec![]),
    ] {
        let mut arguments = vec!["query", name];
        parameters.iter().for_each(|parameter| arguments.extend(["-p", parameter]));
        let title = format!("query {name} {}", parameters.join(" "));
        measure(&path, &title, &arguments)?;
    }
    measure(&path, "status", &["status"])?;
    measure(&path, "verify", &["verify"])?;
    sizes(&connection, handshakes)
}

/// The archive in the target folder; made on first use.
fn generated() -> Result<PathBuf, Box<dyn Error>> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("million.db");
    if !path.exists() {
        let unfinished = path.with_extension("unfinished");
        let _ = std::fs::remove_file(&unfinished);
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let made = Command::new(cargo)
            .args(["run", "--release", "--example", "generate", "--"])
            .arg(&unfinished)
            .arg(HANDSHAKES)
            .status()?;
        if !made.success() {
            return Err("the archive could not be made".into());
        }
        std::fs::rename(unfinished, &path)?;
    }
    Ok(path)
}

fn measure(path: &Path, title: &str, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let mut best = Duration::MAX;
    for _ in 0..RUNS {
        let mut command = Command::new(PROGRAM);
        command.arg("--archive").arg(path).args(arguments);
        let began = Instant::now();
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status()?;
        best = best.min(began.elapsed());
        // 6: there is a blind window, or a sync that failed; the work is done all the same.
        if !matches!(status.code(), Some(0 | 6)) {
            return Err(format!("{title} ended with {status}").into());
        }
        if best > Duration::from_secs(1) {
            break;
        }
    }
    println!("{:>10.1} ms  {}", best.as_secs_f64() * 1e3, title.trim_end());
    Ok(())
}

/// Where the bytes are.
fn sizes(connection: &Connection, handshakes: i64) -> Result<(), Box<dyn Error>> {
    let mut statement =
        connection.prepare("SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC")?;
    let mut rows = statement.query([])?;
    let mut total = 0;
    println!("bytes a handshake:");
    while let Some(row) = rows.next()? {
        let (name, bytes): (String, i64) = (row.get(0)?, row.get(1)?);
        total += bytes;
        println!("{:>10.1}  {name}", bytes as f64 / handshakes.max(1) as f64);
    }
    println!("{:>10.1}  in all", total as f64 / handshakes.max(1) as f64);
    Ok(())
}
