//! A disk that fills up: uploads are refused with the reason, and nothing that was accepted is lost.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "a test that does nothing says so")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;
use support::client::Client;
use support::program::Home;
use support::until;
use tempfile::TempDir;

const MEGABYTE: usize = 1024 * 1024;
const DISK_MEGABYTES: usize = 8;
/// Room that another program takes up, and gives back in the end.
const BALLAST_MEGABYTES: usize = 2;
/// More of these than fit.
const PAGES: usize = 40;
const QUESTION: &str = "When is the lamp of the lighthouse lit?";

#[tokio::test]
async fn a_full_disk_refuses_uploads_and_loses_nothing() {
    let Some(disk) = Disk::mount(DISK_MEGABYTES) else {
        println!("skipped: this user may not mount a tmpfs");
        return;
    };
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![0; BALLAST_MEGABYTES * MEGABYTE]).unwrap();
    let home = Home::without_model().with_data(disk.path().join("data"));
    let password = home.add_person("ada@example.org", &[]).await;
    let server = home.serve([""; 0]).await;
    let ada = Client::sign_in(&server.base, "ada@example.org", &password).await;
    let early = ada.upload("lighthouse.md", b"# Lighthouse\n\nThe lamp is lit at 17:40.\n", true).await;
    assert_eq!(early.status, 201, "{early:?}");

    let mut accepted = vec!["lighthouse.md".to_owned()];
    let mut refused = 0;
    for number in 0..PAGES {
        let name = format!("page-{number}.html");
        let answered = ada.upload(&name, page(number).as_bytes(), false).await;
        if answered.status == 202 {
            accepted.push(name);
        } else {
            let detail = answered.problem(507);
            assert!(detail.contains("disk is full"), "{detail}");
            refused += 1;
        }
    }
    assert!(refused > 0, "{PAGES} pages do not fill the disk");
    assert!(accepted.len() > 5, "the disk was full from the beginning: {accepted:?}");

    // What was there before is found and read while the disk is full.
    let id = early.json()["document_id"].as_str().unwrap().to_owned();
    let found = ada.get("/api/search?q=When%20is%20the%20lamp%20of%20the%20lighthouse%20lit").await.ok();
    assert_eq!(found["items"][0]["document_id"], id, "{found}");
    let content = ada.get(&format!("/api/documents/{id}/content")).await;
    assert!(content.status == 200 && content.text().contains("17:40"), "{content:?}");
    // A conversation needs room of its own: there may be enough left for one, or it says that there is none.
    let asked = ada.post("/api/chat", &json!({"message": QUESTION})).await;
    if asked.status != 200 {
        asked.problem(507);
    }

    std::fs::remove_file(&ballast).unwrap();
    let answer = ada.ask(QUESTION).await;
    assert!(answer["answer"].as_str().unwrap().contains("17:40"), "{answer}");
    ada.check_citations(&answer).await;
    let late = ada.upload("ferry.md", b"# Ferry\n\nThe late ferry leaves at 21:15.\n", true).await;
    assert_eq!(late.status, 201, "{late:?}");
    accepted.push("ferry.md".to_owned());
    let documents = ada.ready_documents(accepted.len()).await;
    let mut names: Vec<&str> = documents.iter().map(|document| document["file_name"].as_str().unwrap()).collect();
    names.sort_unstable();
    accepted.sort_unstable();
    assert_eq!(names, accepted);
    until("the jobs to be done", async || {
        let jobs = ada.get("/api/admin/jobs").await.ok();
        jobs["items"].as_array().unwrap().is_empty().then_some(())
    })
    .await;
    assert!(server.stop().await.success());
}

/// A page of a quarter of a megabyte, most of it nothing to read.
fn page(number: usize) -> String {
    let script = format!("var page{number} = 'nothing to read';\n").repeat(MEGABYTE / 4 / 34);
    format!("<!doctype html><title>Page {number}</title><p>Berth {number} is let.</p><script>{script}</script>")
}

/// A small disk of its own.
struct Disk {
    directory: TempDir,
}

impl Disk {
    /// Mounts it, or returns `None` where this user may not.
    fn mount(megabytes: usize) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"]).arg(directory.path());
        let mounted = mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        mounted.then_some(Self { directory })
    }

    fn path(&self) -> PathBuf {
        self.directory.path().to_owned()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily, because a killed process may still be letting go of its files.
        let _ = unmount(self.directory.path());
    }
}

fn unmount(path: &Path) -> std::io::Result<std::process::ExitStatus> {
    Command::new("umount").arg("--lazy").arg(path).status()
}
