//! The pages in a real browser: sign in, ask, check the source, add and delete documents.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use support::browser::{Browser, Screen};
use support::client::Client;
use support::program::{Home, Server};
use support::{handbook, until};

/// Whether the whole cited passage is visible, and its first line not behind something else.
const IN_SIGHT: &str = "
    const cited = document.querySelector('[data-testid=cited]');
    const { top, bottom, height } = cited.getBoundingClientRect();
    const line = cited.getClientRects()[0];
    const seen = document.elementFromPoint(line.x + line.width / 2, line.y + line.height / 2);
    return height > 0 && top >= 0 && bottom <= innerHeight && seen === cited;";

/// Shows the newest document again as at its upload, when it has no title but its file's name.
const AS_IF_UNREAD: &str = "
    const script = document.querySelector('script[src$=\"/documents.js\"]').src;
    return Promise.all([import(script), fetch('/api/documents?limit=1').then((answer) => answer.json())])
        .then(([page, { items: [doc] }]) => page.showDocument({ ...doc, title: doc.file_name, status: 'queued' }));";

/// An answer that is complete.
const ANSWER: &str = "[data-testid=answer].is-latest:not(.is-streaming)";

#[tokio::test]
async fn an_answer_leads_to_the_passage_that_it_rests_on() {
    let home = Home::new();
    let server = home.serve(["--samples", &handbook("")]).await;
    server.first_admin().await.ready_documents(14).await;
    let browser = Browser::start().await;
    sign_in(&browser, &server).await;

    let sample = browser.text("[data-testid=sample]").await;
    assert_eq!(sample, "How long must a password be?");
    browser.click("[data-testid=sample]").await;
    browser.find(ANSWER).await;
    assert_eq!(browser.find(ANSWER).await.attr("data-grounded").await.unwrap().as_deref(), Some("true"));
    let answer = browser.text(&format!("{ANSWER} [data-testid=answer-text]")).await;
    assert!(answer.contains("at least 14 characters"), "{answer}");
    screenshots_of_the_chat(&browser).await;

    let quote = browser.text(&format!("{ANSWER} .source blockquote")).await;
    browser.click(&format!("{ANSWER} [data-testid=source]")).await;
    let cited = browser.text("mark[data-testid=cited]").await;
    assert_eq!(cited, quote);
    assert_eq!(browser.run(IN_SIGHT).await, true, "the cited passage is not in sight");
    browser.screenshot("citation").await;

    browser.click("[data-testid=back]").await;
    let again = browser.text("[data-testid=answer] [data-testid=answer-text]").await;
    assert_eq!(again, answer, "the recorded answer reads like the streamed one");
    assert_eq!(browser.errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_document_is_added_asked_about_and_deleted() {
    const UPLOADED: &str = "tr[data-testid=document-row]";
    const QUESTION: &str = "What does the harbour office charge for the late ferry to Skerrow?";

    let home = Home::new();
    let server = home
        .serve(["--samples", &handbook("it-security-policy.html"), "--samples", &handbook("support-faq.jsonl")])
        .await;
    server.first_admin().await.ready_documents(2).await;
    let browser = Browser::start().await;
    sign_in(&browser, &server).await;

    browser.go(&format!("{}/documents", server.base)).await;
    browser.find(UPLOADED).await;
    assert_eq!(browser.count(UPLOADED).await, 2);
    let note = "# The harbour office\n\nFor the late ferry to Skerrow the harbour office charges 19 crowns.\n";
    let file = home.write("harbour.md", note);
    browser.type_into("[data-testid=file]", &file.display().to_string()).await;
    let row = format!("{UPLOADED}.is-new");
    browser.find(&format!("{row}[data-status=ready]")).await;
    browser.screenshot("documents").await;
    browser.run(AS_IF_UNREAD).await;
    until("the row to show the document's own title", async || {
        (browser.text(&format!("{row} .document-title")).await == "The harbour office").then_some(())
    })
    .await;
    assert_eq!(browser.errors().await, Vec::<String>::new());

    let binary = home.write("picture.md", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    browser.type_into("[data-testid=file]", &binary.display().to_string()).await;
    let words = browser.text("[data-testid=upload].has-failed .upload-state").await;
    assert!(words.contains("PNG image") && words.contains("cannot be read"), "{words}");
    // The browser itself reports a refused upload; nothing else may stand in the console.
    let errors = browser.errors().await;
    assert!(matches!(errors.as_slice(), [refused] if refused.contains("status of 415")), "{errors:?}");

    ask(&browser, &server, QUESTION).await;
    let answer = browser.text(&format!("{ANSWER} [data-testid=answer-text]")).await;
    assert!(answer.contains("19 crowns"), "{answer}");

    browser.go(&format!("{}/documents", server.base)).await;
    // The newest stands first.
    browser.click(&format!("{UPLOADED}:first-child [data-testid=delete-document]")).await;
    browser.click("[data-testid=confirm]").await;
    browser.gone(&format!("{UPLOADED}:nth-child(3)")).await;
    assert_eq!(browser.count(UPLOADED).await, 2);

    ask(&browser, &server, QUESTION).await;
    assert_eq!(browser.find(ANSWER).await.attr("data-grounded").await.unwrap().as_deref(), Some("false"));
    assert_eq!(browser.errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn the_cache_of_answers_explains_itself_and_forgets_on_demand() {
    const QUESTION: &str = "How long must a password be?";
    const EXPLAINED: &str = "[data-testid=cache-found] li";

    let home = Home::new();
    let server = home.serve(["--samples", &handbook("it-security-policy.html")]).await;
    server.first_admin().await.ready_documents(1).await;
    let browser = Browser::start().await;
    sign_in(&browser, &server).await;
    for _ in 0..2 {
        ask(&browser, &server, QUESTION).await;
    }
    browser.go(&format!("{}/admin", server.base)).await;
    browser.find("[data-testid=tier]:nth-child(3)").await;
    assert_eq!(
        (browser.text("#cache-questions").await, browser.text("#cache-rate").await),
        ("2".into(), "50 %".into())
    );
    let in_process = browser.text("[data-testid=tier]:first-child").await;
    assert!(in_process.contains("1 of 2 (50 %)") && in_process.contains("1 absent"), "{in_process}");

    browser.type_into("#cache-question", "How long must a password be").await;
    browser.click("[data-testid=cache-explain] .primary").await;
    let explained = browser.text(EXPLAINED).await;
    assert!(explained.contains("In process: “How long must a password be?”"), "{explained}");
    for (screen, scheme, name) in [(Screen::Phone, "dark", "cache-phone-dark"), (Screen::Desk, "light", "cache")] {
        browser.show(screen, scheme).await;
        browser.screenshot(name).await;
    }
    browser.click("[data-testid=cache-found] button").await;
    browser.gone("[data-testid=cache-found] button").await;
    assert_eq!(browser.text("#cache-status").await, "Thrown away.");
    // What is asked most is soon answered again.
    let removed =
        "return fetch('/api/admin/cache').then((answer) => answer.json()).then((cache) => cache.l1.evictions.removed);";
    assert_eq!(browser.run(removed).await, 1);
    assert_eq!(browser.errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn answers_that_come_late_turn_their_levels_red_for_the_administrator() {
    const LATE: [&str; 3] = ["P95 response time", "latency p95", "latency p99"];
    let home = Home::without_model().set("GATEWAY__WATCH_SECONDS", "1").set("GATEWAY__INJECTED_DELAY_MS", "2000");
    let server = home.serve(["--samples", &handbook("it-security-policy.html")]).await;
    let admin = server.first_admin().await;
    for answer in futures::future::join_all((0..120).map(|_| admin.get("/api/auth/me"))).await {
        answer.ok();
    }
    let browser = Browser::start().await;
    sign_in(&browser, &server).await;
    browser.go(&format!("{}/admin", server.base)).await;
    browser.find("[data-testid=level].is-fail:last-child").await;
    let red = browser
        .run("return [...document.querySelectorAll('.level.is-fail th')].map((name) => name.textContent);")
        .await;
    let red: Vec<&str> = red.as_array().unwrap().iter().filter_map(|name| name.as_str()).collect();
    for late in LATE {
        assert!(red.iter().any(|name| name.contains(late)), "{late} is not among {red:?}");
    }
    assert!(red.iter().all(|name| name.contains("response time") || name.contains("latency")), "{red:?}");
    assert_eq!(browser.text("#levels-worst").await, "FAIL");
    browser.find("#now:not(.is-old)").await;
    assert!(browser.text("#now-memory").await.ends_with(" MB"), "this second is shown");
    browser.find("[data-testid=entry]").await;
    browser.find("#audit-search").await.send_keys("nobody").await.unwrap();
    browser.find("#audit-status:not(:empty)").await;
    assert_eq!(browser.count("[data-testid=entry]").await, 0, "nobody did anything");
    browser.find("#audit-search").await.clear().await.unwrap();
    let only = "[...document.getElementById('audit-action').options].find((of) => of.value === 'upload_document').selected = true; document.getElementById('audit-action').dispatchEvent(new Event('change'));";
    browser.run(only).await;
    let entry = browser.text("[data-testid=entry]").await;
    assert!(entry.contains("(command line)") && entry.contains("Upload document"), "{entry}");
    browser.screenshot("audit").await;
    browser.run("window.scrollTo({ top: 0, behavior: 'instant' });").await;
    assert!(browser.count("[data-testid=chart] path[d^=M]").await >= 3, "charts have lines");
    for (screen, scheme, name) in [
        (Screen::Phone, "dark", "levels-phone-dark"),
        (Screen::Desk, "dark", "levels-dark"),
        (Screen::Desk, "light", "levels"),
    ] {
        browser.show(screen, scheme).await;
        browser.screenshot(name).await;
    }
    assert_eq!(browser.errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_wrong_password_is_answered_in_place() {
    let home = Home::without_model();
    let password = home.add_person("ada@example.org", &["--name", "Ada"]).await;
    let server = home.serve([""; 0]).await;
    let browser = Browser::start().await;
    // The page that was wanted is the one that follows.
    browser.go(&format!("{}/documents", server.base)).await;
    fill_in(&browser, "ada@example.org", "not the password").await;
    let notice = browser.text("[data-testid=notice]").await;
    assert!(notice.contains("wrong"), "{notice}");
    let kept = browser.find("[data-testid=email]").await.prop("value").await.unwrap();
    assert_eq!(kept.as_deref(), Some("ada@example.org"));
    browser.find("[data-testid=email]").await.clear().await.unwrap();
    fill_in(&browser, "ada@example.org", &password).await;
    browser.find("[data-testid=file]").await;
}

#[tokio::test]
async fn a_password_is_changed_by_its_owner() {
    let home = Home::without_model();
    let password = home.add_person("ada@example.org", &["--name", "Ada"]).await;
    let server = home.serve([""; 0]).await;
    let browser = Browser::start().await;
    browser.go(&format!("{}/login", server.base)).await;
    fill_in(&browser, "ada@example.org", &password).await;
    browser.click("[data-testid=account]").await;
    browser.click("[data-testid=change-password]").await;

    browser.type_into("[data-testid=current-password]", "not the password").await;
    browser.type_into("[data-testid=new-password]", "a few words together").await;
    browser.click("[data-testid=submit]").await;
    let said = browser.text("#current-password-error:not([hidden])").await;
    assert_eq!(said, "The current password is wrong.");
    let invalid = browser.find("[data-testid=current-password]").await.attr("aria-invalid").await.unwrap();
    assert_eq!(invalid.as_deref(), Some("true"));
    for (screen, scheme, name) in [(Screen::Phone, "dark", "account-phone-dark"), (Screen::Desk, "light", "account")] {
        browser.show(screen, scheme).await;
        browser.screenshot(name).await;
    }

    browser.find("[data-testid=current-password]").await.clear().await.unwrap();
    browser.type_into("[data-testid=current-password]", &password).await;
    browser.click("[data-testid=submit]").await;
    let said = browser.text("[role=status] [data-testid=notice]").await;
    assert!(said.contains("changed"), "{said}");
    let errors = browser.errors().await;
    assert!(matches!(errors.as_slice(), [refused] if refused.contains("status of 422")), "{errors:?}");

    browser.go(&format!("{}/documents", server.base)).await;
    browser.find("[data-testid=file]").await;
    Client::new(&server.base).try_sign_in("ada@example.org", &password).await.problem(401);
    Client::sign_in(&server.base, "ada@example.org", "a few words together").await;
}

/// Signs in on `/login` as the administrator of the first start.
async fn sign_in(browser: &Browser, server: &Server) {
    browser.go(&format!("{}/login", server.base)).await;
    fill_in(browser, "admin@localhost", server.first_password()).await;
    browser.find("[data-testid=sample]").await;
}

async fn fill_in(browser: &Browser, email: &str, password: &str) {
    browser.type_into("[data-testid=login-form] [data-testid=email]", email).await;
    browser.type_into("[data-testid=login-form] [data-testid=password]", password).await;
    browser.click("[data-testid=submit]").await;
}

/// Asks in a new conversation and waits for the answer.
async fn ask(browser: &Browser, server: &Server, question: &str) {
    browser.go(&format!("{}/", server.base)).await;
    browser.type_into("[data-testid=question]", question).await;
    browser.click("[data-testid=send]").await;
    browser.find(ANSWER).await;
}

async fn screenshots_of_the_chat(browser: &Browser) {
    for (screen, scheme, name) in [
        (Screen::Desk, "dark", "chat-dark"),
        (Screen::Phone, "light", "chat-phone"),
        (Screen::Phone, "dark", "chat-phone-dark"),
        (Screen::Desk, "light", "chat"),
    ] {
        browser.show(screen, scheme).await;
        browser.screenshot(name).await;
    }
}
