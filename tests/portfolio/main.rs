//! The portfolio in a real browser: hydration, the guestbook, and what survives a restart.
//!
//! The site must have been built already. `LARDER_PORTFOLIO_BIN` names the server binary and
//! `LARDER_PORTFOLIO_SITE` the site folder; `cargo xtask test` sets both.

mod browser;
mod needs;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fantoccini::{Client, Locator};
use larder_tests::site::Server;

use browser::Browser;
use needs::Needs;

/// How long the page may take to become alive. Generous: a debug build's WASM is large.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn portfolio_in_a_browser() -> Result<()> {
    let Some(needs) = Needs::find()? else { return Ok(()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(visit(&needs))
}

/// Starts everything, and stops it again whatever happens in between.
async fn visit(needs: &Needs) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let server = needs.start_server(scratch.path())?;
    answers_without_a_browser(&server)?;

    let browser = Browser::start(needs, scratch.path()).await?;
    let outcome = walk(needs, server, browser.client(), scratch.path()).await;
    let console = browser::severe_messages(browser.client()).await;
    browser.stop().await?;
    // After a failure the console usually knows more than the page.
    outcome.with_context(|| format!("errors in the browser's console: {console:#?}"))?;
    let complaints = console?;
    ensure!(complaints.is_empty(), "the browser's console has errors: {complaints:#?}");
    Ok(())
}

fn answers_without_a_browser(server: &Server) -> Result<()> {
    let health = server.get("/health")?;
    let answer: serde_json::Value = serde_json::from_slice(&health.body)?;
    ensure!(health.status == 200 && answer["database"] == "ok", "unhealthy: {health:?}");

    // The first response is complete: what a crawler or a browser without scripts sees.
    let home = server.get("/")?;
    ensure!(home.status == 200 && home.text().contains("Plumbline"), "the home page lists no projects");
    for (path, status) in [("/projects/dovetail", 200), ("/projects/no-such-thing", 404), ("/nowhere", 404)] {
        let page = server.get(path)?;
        ensure!(page.status == status, "{path} answers {} instead of {status}", page.status);
    }
    Ok(())
}

async fn walk(needs: &Needs, server: Server, client: &Client, scratch: &Path) -> Result<()> {
    client.goto(&server.url("/")).await?;
    hydrated(client).await?;
    theme_changes(client).await?;
    filter_hides(client).await?;

    let message = format!("A note from the test, <b>not</b> markup, {}", std::process::id());
    leave_a_note(client, &message).await?;

    client.refresh().await?;
    hydrated(client).await?;
    newest_note_is(client, &message).await.context("after a reload")?;

    let stopped = server.stop()?;
    ensure!(stopped < Duration::from_secs(1), "the server took {stopped:?} to stop");
    let server = needs.start_server(scratch)?;
    client.goto(&server.url("/guestbook")).await?;
    hydrated(client).await?;
    newest_note_is(client, &message).await.context("after a restart of the server")
}

/// Waits for the mark that an effect sets, so only running WASM can have set it.
async fn hydrated(client: &Client) -> Result<()> {
    client
        .wait()
        .at_most(PATIENCE)
        .for_element(Locator::Css("body[data-hydrated=true]"))
        .await
        .context("the page was never hydrated")?;
    Ok(())
}

/// The button's handler exists only after hydration.
async fn theme_changes(client: &Client) -> Result<()> {
    let before = root_theme(client).await?;
    client.find(Locator::Id("theme-toggle")).await?.click().await?;
    let after = root_theme(client).await?;
    ensure!(before.is_some() && after.is_some() && before != after, "theme {before:?} became {after:?}");
    Ok(())
}

async fn root_theme(client: &Client) -> Result<Option<String>> {
    Ok(client.find(Locator::Css("html")).await?.attr("data-theme").await?)
}

async fn filter_hides(client: &Client) -> Result<()> {
    let all = visible_cards(client).await?;
    let chip = Locator::XPath("//button[contains(@class, 'chip') and normalize-space() = 'library']");
    client.find(chip).await?.click().await?;
    let some = visible_cards(client).await?;
    ensure!(0 < some && some < all, "the filter left {some} of {all} projects");
    Ok(())
}

async fn visible_cards(client: &Client) -> Result<usize> {
    Ok(client.find_all(Locator::Css(".card:not([hidden])")).await?.len())
}

/// Walks to the guestbook and sends the form, all without loading a page.
async fn leave_a_note(client: &Client, message: &str) -> Result<()> {
    client.execute("window.samePage = true", Vec::new()).await?;
    client.find(Locator::Css("nav a[href='/guestbook']")).await?.click().await?;
    client.wait().at_most(PATIENCE).for_element(Locator::Id("guestbook-form")).await?;

    client.find(Locator::Id("name")).await?.send_keys("Browser test").await?;
    client.find(Locator::Id("message")).await?.send_keys(message).await?;
    let counter = client.find(Locator::Id("left")).await?.text().await?;
    let left = 280 - message.chars().count();
    ensure!(counter == format!("{left} characters left"), "the counter says: {counter}");

    client.find(Locator::Css("#guestbook-form button")).await?.click().await?;
    let deadline = Instant::now() + PATIENCE;
    while newest_note_is(client, message).await.is_err() {
        ensure!(Instant::now() < deadline, "the note did not appear after it was sent");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let same_page = client.execute("return window.samePage === true", Vec::new()).await?;
    ensure!(same_page == true, "sending the form loaded a new page");
    Ok(())
}

async fn newest_note_is(client: &Client, message: &str) -> Result<()> {
    let newest = client.find(Locator::Css("#notes .note:first-child .note-message")).await?.text().await?;
    ensure!(newest == message, "the newest note is: {newest}");
    Ok(())
}
