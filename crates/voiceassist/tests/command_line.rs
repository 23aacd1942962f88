//! The commands, as people type them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use support::client::Client;
use support::program::Home;
use support::{handbook, is_root, until};

const NO_ARGUMENTS: [&str; 0] = [];

#[tokio::test]
async fn people_are_added_disabled_and_given_new_passwords() {
    let home = Home::without_model();
    let ada = home.add_person("ada@example.org", &["--name", "Ada Lovelace"]).await;
    let ben = home.add_person("ben@example.org", &[]).await;
    let listed = home.succeed(["user", "list"]).await.out;
    let mut lines: Vec<&str> = listed.lines().collect();
    lines.sort_unstable();
    // The very first account is the administrator's.
    let expected =
        ["ada@example.org\tadministrator\tactive\tAda Lovelace", "ben@example.org\tuser\tactive\tben@example.org"];
    assert_eq!(lines, expected);

    // The commands work on a data directory that is being served.
    let server = home.serve(NO_ARGUMENTS).await;
    let nobody = Client::new(&server.base);
    Client::sign_in(&server.base, "ada@example.org", &ada).await;
    let signed_in = Client::sign_in(&server.base, "ben@example.org", &ben).await;
    assert_eq!(signed_in.get("/api/auth/me").await.ok()["role"], "user");

    let done = home.succeed(["user", "disable", "ben@example.org"]).await;
    assert!(done.out.contains("ben@example.org is disabled"), "{done:?}");
    signed_in.get("/api/auth/me").await.problem(401);
    nobody.try_sign_in("ben@example.org", &ben).await.problem(401);
    let listed = home.succeed(["user", "list"]).await.out;
    assert!(listed.contains("ben@example.org\tuser\tdisabled"), "{listed}");

    let done = home.succeed(["user", "reset-password", "ada@example.org"]).await;
    let new = done.out.trim().rsplit(' ').next().unwrap();
    nobody.try_sign_in("ada@example.org", &ada).await.problem(401);
    let admin = Client::sign_in(&server.base, "ada@example.org", new).await;

    // What a command does is written down like everything else.
    let log = admin.get("/api/admin/audit?limit=50&q=(command+line)").await.ok();
    let text = |entry: &serde_json::Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
    let entries = log["items"].as_array().unwrap().iter().rev();
    let deeds: Vec<_> = entries.map(|of| ["action", "subject", "detail"].map(|key| text(of, key))).collect();
    let expected = [
        ["add_account", "ada@example.org", "role administrator"],
        ["add_account", "ben@example.org", "role user"],
        ["change_account", "ben@example.org", "disabled"],
        ["change_account", "ada@example.org", "new password"],
    ];
    assert_eq!(deeds, expected);

    for (arguments, said) in [
        (["user", "add", "ada@example.org"], "already in use"),
        (["user", "add", "nonsense"], "email"),
        (["user", "disable", "ada@example.org"], "last administrator"),
        (["user", "reset-password", "eve@example.org"], "there is no account eve@example.org"),
    ] {
        let done = home.run(arguments).await;
        let line = done.failed_with_one_line();
        assert!(line.contains(said), "{arguments:?}: {line}");
    }
}

#[tokio::test]
async fn a_question_in_the_terminal_has_numbered_sources() {
    let home = Home::new();
    home.add_person("ada@example.org", &[]).await;
    home.succeed(["import", &handbook("it-security-policy.html")]).await;

    let plain = home.succeed(["ask", "How long must a password be?"]).await.out;
    let (answer, sources) = plain.split_once("\n\nSources\n").unwrap();
    assert!(answer.contains("at least 14 characters") && answer.contains("[1]"), "{plain}");
    assert!(sources.starts_with("[1] ") && sources.lines().next().unwrap().contains(", bytes "), "{plain}");

    let json = home.succeed(["ask", "--json", "How long must a password be?"]).await.out;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["grounded"], true, "{json}");
    assert_eq!(answer, json["answer"], "both forms say the same");
    for key in ["conversation_id", "message_id", "citations", "mode", "cache", "timings_ms"] {
        assert!(!json[key].is_null(), "{key} is missing: {json}");
    }

    let unknown = home.succeed(["ask", "What is the capital of Mongolia?"]).await.out;
    assert!(!unknown.contains("Sources"), "{unknown}");
}

#[tokio::test]
async fn an_import_says_what_it_leaves_out_and_takes_in_the_rest() {
    let home = Home::new();
    let password = home.add_person("ada@example.org", &[]).await;
    let pdf = std::fs::read(handbook("expenses-and-travel.pdf")).unwrap();
    home.write("files/good.md", "# Lighthouse\n\nThe lamp is lit at 17:40.\n");
    home.write("files/deeper/good.txt", "The keeper of the lighthouse is called Morwenna.\n");
    home.write("files/pdf-by-content.txt", &pdf);
    home.write("files/text-by-content.docx", "The boat is painted every March.\n");
    home.write("files/.hidden.md", "# Not for import\n");
    home.write("files/empty.txt", "");
    home.write("files/blank.md", " \n\n\t\n");
    home.write("files/picture.txt", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    home.write("files/noise.bin", [0, 159, 146, 150, 0, 1, 2, 3].repeat(100));
    home.write("files/truncated.pdf", &pdf[..pdf.len() / 3]);
    let sparse = File::create(home.path("files/huge.txt")).unwrap();
    sparse.set_len(51 * 1024 * 1024).unwrap();

    let done = home.succeed(["import", "files"]).await;
    for (file, reason) in [
        ("empty.txt", "the file is empty"),
        ("blank.md", "the file is empty"),
        ("picture.txt", "a PNG image"),
        ("noise.bin", "a binary file"),
        ("huge.txt", "53477376 bytes"),
    ] {
        let told = done.err.lines().find(|line| line.starts_with("left out ") && line.contains(file));
        assert!(told.is_some_and(|line| line.contains(reason)), "{file}: {}", done.err);
    }
    let told = done.err.lines().find(|line| line.starts_with("could not read truncated.pdf: "));
    assert!(told.is_some(), "{}", done.err);
    let summary = "10 files: 4 documents ready (0 were there already), 1 failed, 5 left out; ";
    assert!(done.out.starts_with(summary), "{}", done.out);

    let again = home.succeed(["import", "files/good.md", "files/deeper"]).await;
    let summary = "2 files: 2 documents ready (2 were there already), 0 failed, 0 left out; ";
    assert!(again.out.starts_with(summary), "{}", again.out);

    let server = home.serve(NO_ARGUMENTS).await;
    let ada = Client::sign_in(&server.base, "ada@example.org", &password).await;
    let documents = ada.documents().await;
    let mut seen: Vec<(&str, &str, &str)> = documents
        .iter()
        .map(|document| {
            let text = |key: &str| document[key].as_str().unwrap();
            (text("file_name"), text("format"), text("status"))
        })
        .collect();
    seen.sort_unstable();
    let expected = [
        ("good.md", "markdown", "ready"),
        ("good.txt", "text", "ready"),
        ("pdf-by-content.txt", "pdf", "ready"),
        ("text-by-content.docx", "text", "ready"),
        ("truncated.pdf", "pdf", "failed"),
    ];
    assert_eq!(seen, expected);
    let answer = ada.ask("What is the name of the lighthouse keeper?").await;
    assert!(answer["answer"].as_str().unwrap().contains("Morwenna"), "{answer}");
}

#[tokio::test]
async fn what_cannot_be_imported_at_all_is_said_in_one_line() {
    let home = Home::without_model();
    home.add_person("ada@example.org", &[]).await;
    std::fs::create_dir(home.path("nothing")).unwrap();
    home.write("file.txt", "The lamp is lit at 17:40.\n");
    for (path, said) in [("nothing", "there are no files"), ("missing", "cannot import missing")] {
        let done = home.run(["import", path]).await;
        let line = done.err.lines().last().unwrap();
        assert!(!done.status.success() && line.contains(said), "{done:?}");
    }
    let done = home.run(["import", "--owner", "eve@example.org", "file.txt"]).await;
    assert!(!done.status.success() && done.err.contains("there is no account eve@example.org"), "{done:?}");
}

#[tokio::test]
async fn a_running_server_indexes_what_is_imported_beside_it() {
    let home = Home::new();
    let password = home.add_person("ada@example.org", &[]).await;
    let server = home.serve(NO_ARGUMENTS).await;
    let ada = Client::sign_in(&server.base, "ada@example.org", &password).await;
    home.write("lighthouse.md", "# Lighthouse\n\nThe lamp is lit at 17:40.\n");

    let done = home.succeed(["import", "lighthouse.md"]).await;
    assert!(done.err.contains("another process serves this data directory"), "{}", done.err);
    assert!(done.out.starts_with("1 files: 1 documents ready"), "{}", done.out);

    let documents = ada.ready_documents(1).await;
    assert_eq!(documents[0]["chunks"], documents[0]["embedded_chunks"]);
    // No word of the question stands in the document: the server's own index of meanings has it.
    let found = ada.get("/api/search?q=when%20do%20people%20switch%20on%20their%20beacon").await.ok();
    assert_eq!(found["items"][0]["document_id"], documents[0]["id"], "{found}");
    let answer = ada.ask("When is the lamp lit?").await;
    assert!(answer["answer"].as_str().unwrap().contains("17:40"), "{answer}");
}

#[tokio::test]
async fn the_lab_measures_retrieval() {
    let home = Home::new();
    let questions = "question\tfile\tphrase\n\
                     How long must a password be?\tit-security-policy.html\tat least 14 characters\n\
                     What can I spend on a hotel room in London?\texpenses-and-travel.pdf\t£165\n\
                     What is the capital of Mongolia?\t\t\n";
    home.write("questions.tsv", questions);
    home.add_person("ada@example.org", &[]).await;
    for name in ["it-security-policy.html", "expenses-and-travel.pdf", "equipment-inventory.csv"] {
        home.write(&format!("files/{name}"), std::fs::read(handbook(name)).unwrap());
    }
    let mut lab = home.command(["lab", "retrieval", "--questions", "questions.tsv", "--documents", "files", "--json"]);
    // Its own server is not asked by way of a proxy.
    let nobody = "http://127.0.0.1:9";
    let done = lab.env("http_proxy", nobody).env("HTTP_PROXY", nobody).env("ALL_PROXY", nobody).output().unwrap();
    assert!(done.status.success(), "{}: {}", done.status, String::from_utf8_lossy(&done.stderr));
    let report: Value = serde_json::from_slice(&done.stdout).unwrap();
    for (key, expected) in [
        ("questions", 3.0),
        ("hit_at_1", 1.0),
        ("hit_at_5", 1.0),
        ("mrr", 1.0),
        ("phrase_in_answer", 1.0),
        ("wrongly_abstained", 0.0),
        ("rightly_abstained", 1.0),
    ] {
        assert_eq!(report[key].as_f64(), Some(expected), "{key}: {report}");
    }
    for percentile in ["p50", "p95", "p99"] {
        assert!(report["latency_ms"][percentile].as_f64() > Some(0.0), "{percentile}: {report}");
    }
}

#[tokio::test]
async fn a_wrong_configuration_is_refused_with_the_name_of_its_key() {
    for (key, value, named) in [
        ("GATEWAY__LISTENN", "127.0.0.1:0", "listenn"),
        ("GATEWAY__MAX_CONCURRENT_REQUESTS", "many", "gateway.max_concurrent_requests"),
        ("GATEWAY__LISTEN", "nowhere", "gateway.listen"),
        ("KNOWLEDGE__CHUNK_WORDS", "-5", "knowledge.chunk_words"),
        ("LOGS__FORMAT", "pretty", "logs.format"),
    ] {
        let done = Home::without_model().set(key, value).run(["serve"]).await;
        let line = done.failed_with_one_line();
        // A variable's name is told in the case in which it was given.
        assert!(line.to_lowercase().contains(named), "{key}={value}: {line}");
    }

    let home = Home::without_model();
    for (toml, named) in
        [("[gateway]\nport = 8080\n", "port"), ("[gateway]\nshutdown_seconds = \"long\"\n", "gateway.shutdown_seconds")]
    {
        home.write("voiceassist.toml", toml);
        let done = home.run(["serve"]).await;
        let line = done.failed_with_one_line();
        assert!(line.contains(named), "{toml}: {line}");
    }
    home.write("voiceassist.toml", "[gateway]\nport 8080\n");
    let done = home.run(["serve"]).await;
    assert!(done.err.contains("line 2") && done.err.contains("voiceassist.toml"), "{}", done.err);
    let done = home.run(["--config", "absent.toml", "serve"]).await;
    let line = done.failed_with_one_line();
    assert!(line.contains("absent.toml does not exist"), "{line}");
}

#[tokio::test]
async fn an_address_in_use_is_said_in_one_line() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let home = Home::without_model().set("GATEWAY__LISTEN", &address).set("LOGS__LEVEL", "error");
    let done = home.run(["serve"]).await;
    let line = done.failed_with_one_line();
    assert!(line.contains(&address) && line.contains("gateway.listen"), "{line}");
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_written_is_said_in_one_line() {
    // Below a regular file there is no directory, for nobody.
    let home = Home::without_model();
    let file = home.write("file", "");
    let home = home.with_data(file.join("data"));
    let done = home.run(["serve"]).await;
    let line = done.failed_with_one_line();
    assert!(line.contains("cannot use the data directory") && line.contains("data_dir"), "{line}");

    // Nothing is forbidden to root.
    if !is_root() {
        let home = Home::without_model();
        std::fs::create_dir(home.data()).unwrap();
        std::fs::set_permissions(home.data(), Permissions::from_mode(0o555)).unwrap();
        let done = home.run(["serve"]).await;
        let line = done.failed_with_one_line();
        assert!(line.contains("Permission denied") && line.contains("data_dir"), "{line}");
    }
}

#[tokio::test]
async fn without_a_model_keywords_answer_and_everybody_is_told() {
    let home = Home::without_model();
    let server = home.serve(["--samples", &handbook("")]).await;
    assert!(server.process.err().contains("no embedding model"), "{}", server.process.err());
    let admin = server.first_admin().await;
    let ready = admin.get("/health/ready").await.ok();
    assert_eq!(ready["status"], "ready");
    assert_eq!(ready["checks"]["embedding_model"], "absent: keywords only");
    admin.ready_documents(14).await;
    let answer = admin.ask("What can I spend on a hotel room in London?").await;
    assert_eq!(answer["grounded"], true, "{answer}");
    assert!(answer["answer"].as_str().unwrap().contains("£165"), "{answer}");
    admin.check_citations(&answer).await;
    let answer = admin.ask("What is the capital of Mongolia?").await;
    assert_eq!(answer["grounded"], false, "{answer}");
}

#[tokio::test]
async fn a_model_that_comes_later_gives_vectors_to_what_is_there() {
    let home = Home::without_model();
    let password = home.add_person("ada@example.org", &[]).await;
    home.succeed(["import", &handbook("it-security-policy.html")]).await;
    let home = home.with_model();
    let server = home.serve(NO_ARGUMENTS).await;
    let ada = Client::sign_in(&server.base, "ada@example.org", &password).await;
    until("every passage to have a vector", async || {
        let documents = ada.documents().await;
        documents.iter().all(|document| document["chunks"] == document["embedded_chunks"]).then_some(())
    })
    .await;
    ada.ready_documents(1).await;
}

#[tokio::test]
async fn a_broken_model_is_said_in_one_line() {
    let home = Home::without_model();
    home.write("model/model.onnx", "not a model");
    home.write("model/tokenizer.json", "{}");
    let folder = home.path("model").display().to_string();
    let home = home.set("KNOWLEDGE__MODEL_DIRECTORY", folder);
    let done = home.run(["serve"]).await;
    let line = done.failed_with_one_line();
    assert!(line.contains("cannot load the embedding model") && line.contains("make model"), "{line}");
}

#[tokio::test]
async fn the_api_describes_itself_without_a_data_directory() {
    let home = Home::without_model();
    let done = home.succeed(["openapi"]).await;
    let document: Value = serde_json::from_str(&done.out).unwrap();
    assert!(document["paths"]["/api/chat"].is_object());
    assert!(!home.data().exists());
}

#[tokio::test]
async fn a_reader_who_has_seen_enough_is_no_failure() {
    let home = Home::without_model();
    home.add_person("ada@example.org", &[]).await;
    home.write("files/lighthouse.md", "# Lighthouse\n\nThe lamp is lit at 17:40.\n");
    home.write("questions.tsv", "question\tfile\tphrase\nWhen is the lamp lit?\tlighthouse.md\t17:40\n");
    for arguments in [
        &["openapi"][..],
        &["import", "files"],
        &["ask", "When is the lamp lit?"],
        &["ask", "--json", "When is the lamp lit?"],
        &["lab", "retrieval", "--misses", "--questions", "questions.tsv", "--documents", "files"],
        &["lab", "retrieval", "--json", "--questions", "questions.tsv", "--documents", "files"],
        &["user", "add", "ben@example.org"],
        &["user", "reset-password", "ben@example.org"],
        &["user", "disable", "ben@example.org"],
        &["user", "list"],
    ] {
        // As behind `| head -1`, only that nobody reads from the beginning on.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let done = home.command(arguments).stdout(writer).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{arguments:?}: {}: {said}", done.status);
    }
}

#[tokio::test]
async fn an_output_that_cannot_be_written_is_said_in_one_line() {
    let home = Home::without_model();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let done = home.command(["openapi"]).stdout(full).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(said.starts_with("voiceassist: cannot write to the standard output: "), "{said}");
}
