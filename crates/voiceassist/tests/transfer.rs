//! `migrate`, `backup` and `restore`, as people use them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod support;

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;

use support::program::{Home, Server};
use support::{handbook, until};
use test_servers::{Server as Postgres, database};

const QUESTION: &str = "How many days of annual leave do employees get?";

/// What an answer is made of, whichever database it comes from.
async fn answer(server: &Server, password: &str) -> (String, Vec<(String, u64, u64)>) {
    let person = support::client::Client::sign_in(&server.base, "admin@localhost", password).await;
    let answer = person.ask(QUESTION).await;
    person.check_citations(&answer).await;
    let citations = answer["citations"].as_array().unwrap();
    assert!(!citations.is_empty(), "{answer}");
    let cited = citations.iter().map(|citation| {
        let offset = |name: &str| citation[name].as_u64().unwrap();
        (citation["chunk_id"].as_str().unwrap().to_owned(), offset("start"), offset("end"))
    });
    (answer["answer"].as_str().unwrap().to_owned(), cited.collect())
}

fn sqlite(data: &Path) -> String {
    format!("sqlite://{}", data.display())
}

#[tokio::test]
async fn answers_are_the_same_after_moving_to_postgresql_and_out_of_a_backup() {
    let home = Home::new();
    let server = home.serve(["--samples", &handbook("")]).await;
    let password = server.first_password().to_owned();
    let admin = server.first_admin().await;
    until("all documents to be ready", async || {
        let documents = admin.get("/api/documents?limit=200").await.ok();
        documents["items"].as_array().unwrap().iter().all(|document| document["status"] == "ready").then_some(())
    })
    .await;
    let expected = answer(&server, &password).await;
    let url = database(Postgres::WithVectors).await;
    let migrate = ["migrate", "--from", &sqlite(home.data()), "--to", &url];
    let refused = home.run(migrate).await;
    assert!(refused.failed_with_one_line().contains("already being served"), "{refused:?}");
    // The server goes on.
    let file = home.path("everything.backup");
    let saved = home.succeed(["backup", file.to_str().unwrap()]).await;
    server.stop().await;
    let moved = home.succeed(migrate).await;
    assert_eq!(lines(&moved.out), lines(&saved.out), "the same counts and checksums");
    let refused = home.run(migrate).await;
    assert!(refused.failed_with_one_line().contains("already holds data"), "{refused:?}");
    let cluster = Home::new().set("DATABASE__URL", &url);
    let restored = Home::new();
    restored.succeed(["restore", file.to_str().unwrap()]).await;
    for home in [cluster, restored] {
        let server = home.serve::<&str>([]).await;
        assert_eq!(answer(&server, &password).await, expected);
        server.stop().await;
    }
}

/// The lines with counts and checksums.
fn lines(said: &str) -> Vec<&str> {
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("sha256")).collect();
    assert_eq!(lines.len(), 13);
    lines
}

#[tokio::test]
async fn a_transfer_that_was_killed_goes_on() {
    let home = Home::without_model();
    for number in 0..200 {
        let roses = format!("The garden of house {number} has roses. ").repeat(300);
        home.write(&format!("notes/{number}.md"), format!("# Note {number}\n\n{roses}\n"));
    }
    home.add_person("anna@example.org", &["--admin"]).await;
    home.succeed(["import", home.path("notes").to_str().unwrap()]).await;
    let file = home.path("everything.backup");
    let saved = home.succeed(["backup", file.to_str().unwrap()]).await;
    let copy = home.path("copy");
    let migrate = ["migrate", "--from", &sqlite(home.data()), "--to", &sqlite(&copy)];
    let mut running = home.start(migrate);
    // The tables alone are a quarter of that, and everything is six times as much.
    until("the migration to be in its middle", async || {
        let log = std::fs::metadata(copy.join("voiceassist.db-wal"));
        log.is_ok_and(|log| log.len() > 1_500_000).then_some(())
    })
    .await;
    assert_eq!(running.kill().signal(), Some(9), "killed before its end");
    let half = Home::without_model().with_data(&copy);
    for use_of_it in [["backup", half.path("half.backup").to_str().unwrap()], ["ask", "Which houses have roses?"]] {
        let refused = half.run(use_of_it).await;
        assert!(refused.failed_with_one_line().contains("half filled"), "{refused:?}");
    }
    let moved = home.succeed(migrate).await;
    assert_eq!(lines(&moved.out), lines(&saved.out), "the same counts and checksums");
}
