//! Seven weeks of a simulated organization: what each sync finds, and what the archive still holds
//! when AWS has deleted it.
//!
//! ```text
//! cargo run --example demo
//! ```
//!
//! Needs no AWS account. A simulated endpoint runs inside this process; the sync is the real one,
//! through the real AWS SDK, over real HTTP on loopback, by the simulated clock.

#![expect(clippy::print_stdout, reason = "a demo is there to be read")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use chrono::{DateTime, Days, Utc};
use handshake_archive::archive::{Archive, ArchiveReader};
use handshake_archive::handshake::Filter;
use handshake_archive::organizations::Settings;
use handshake_archive::sync::{self, Plan, Report};
use handshake_archive_simulator::{Organization, Simulator};

/// How long the organization is watched, and how often.
const DAYS: u64 = 50;
const DAYS_BETWEEN_SYNCS: u64 = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let archive = new_place()?;
    let start: DateTime<Utc> = "2026-03-02T09:00:00Z".parse()?;
    let organization = Organization::new("o-exampleorgid", "111111111111", start);
    let simulator = Arc::new(Simulator::start(organization));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;

    println!("A simulated AWS Organizations endpoint, synced every {DAYS_BETWEEN_SYNCS} days:\n");
    println!("date        listed  added  changed  gone");
    let mut life = Life::default();
    for day in 0..=DAYS {
        simulator.with(|organization| {
            organization.set_now(start + Days::new(day));
            life.day(day, organization);
        });
        if day % DAYS_BETWEEN_SYNCS == 0 {
            let record = runtime.block_on(sync(&simulator, &archive))?.record;
            println!(
                "{}  {:>6}  {:>5}  {:>7}  {:>4}",
                simulator.now().format("%Y-%m-%d"),
                record.listed,
                record.added,
                record.changed,
                record.gone
            );
        }
    }
    let shown = simulator.with(|organization| organization.visible().len());
    tell(&archive, shown)?;
    Ok(())
}

/// A folder of the demo's own, without the archive of the run before.
fn new_place() -> Result<PathBuf, Box<dyn Error>> {
    let folder = Path::new("target").join("demo");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder.join("archive.db"))
}

/// What happens in the organization.
#[derive(Default)]
struct Life {
    zoe: String,
    ops: String,
    anika: String,
    features: (String, Vec<String>),
}

impl Life {
    fn day(&mut self, day: u64, aws: &mut Organization) {
        match day {
            0 => {
                self.zoe = aws.invite_email("zoe@example.com", Some("Welcome to the team account"));
                self.ops = aws.invite_account("222222222222", None);
            }
            2 => aws.accept(&self.ops),
            4 => self.anika = aws.invite_email("anika@example.com", Some("For the data platform")),
            5 => aws.decline(&self.zoe),
            // Nobody answers this one: it expires after 15 days.
            6 => drop(aws.invite_account("333333333333", Some("Sandbox, please join"))),
            8 => self.zoe = aws.invite_email("zoe@example.com", Some("Second try, Zoe")),
            10 => aws.cancel(&self.anika),
            13 => aws.accept(&self.zoe),
            20 => self.features = aws.enable_all_features(&["222222222222", "444444444444"]),
            22 => aws.accept(&self.features.1[0]),
            25 => aws.accept(&self.features.1[1]),
            26 => aws.accept(&self.features.0),
            44 => drop(aws.invite_account("555555555555", None)),
            _ => {}
        }
    }
}

async fn sync(simulator: &Arc<Simulator>, archive: &Path) -> Result<Report, Box<dyn Error>> {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "demo");
    let settings = Settings {
        region: Some("us-east-1".to_owned()),
        endpoint_url: Some(simulator.url()),
        credentials: Some(SharedCredentialsProvider::new(credentials)),
        ..Settings::default()
    };
    let clock = Arc::clone(simulator);
    let plan = Plan {
        filter: Filter::None,
        page_size: 20,
        deadline: Duration::from_secs(60),
        clock: Arc::new(move || clock.now()),
    };
    let archive = Archive::open(archive)?;
    Ok(sync::run(&settings, move || Ok(archive), &plan, std::future::pending(), &mut |_| {})
        .await?)
}

fn tell(archive: &Path, shown: usize) -> Result<(), Box<dyn Error>> {
    let reader = ArchiveReader::open(archive)?;
    let database = reader.connection();
    let kept: i64 = database.query_row("SELECT count(*) FROM handshakes", [], |row| row.get(0))?;
    println!(
        "\nAWS shows {shown} handshakes now; the archive holds {kept}. AWS has deleted these:\n"
    );
    println!("handshake             what became of it  between     and         for");
    let mut statement = database.prepare(
        "SELECT t.id, t.to_state, t.after_at, t.by_at,
                (SELECT r.party_id FROM parties AS r
                 WHERE r.handshake_id = t.handshake_id AND r.type <> 'ORGANIZATION')
         FROM transitions AS t JOIN purged AS p USING (handshake_id)
         WHERE t.to_state = p.state ORDER BY t.by_at, t.id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let text = |column| row.get::<_, Option<String>>(column).map(Option::unwrap_or_default);
        let day = |column| text(column).map(|time| time.chars().take(10).collect::<String>());
        println!(
            "{:<20}  {:<17}  {:<10}  {:<10}  {}",
            text(0)?,
            text(1)?,
            day(2)?,
            day(3)?,
            text(4)?
        );
    }
    let path = archive.display();
    println!("\nThe archive is {path}. Try next:\n");
    println!("  cargo run -- --archive {path} query outcomes");
    println!("  cargo run -- --archive {path} show h-h8hey2h4qe31m63f --history");
    println!("  sqlite3 {path} 'SELECT * FROM transitions'");
    Ok(())
}
