//! Bringing an image from this machine's engine to the server's, as little of it as possible.
//!
//! The server's engine pulls from a [`Registry`] through the connection, and so asks for the layers alone that it lacks. If
//! that cannot be, the image is sent as a whole, and the reason is said.

use serde::Serialize;

use super::{archive::Archive, deployment::Deployment, engine::last_line, registry::Registry};
use crate::{
    docker::client::Client,
    error::{Error, Result},
    report::Report,
    text::columns,
};

/// The bytes that were sent of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Sent {
    /// The bytes of layers and descriptions, before they are compressed on the way.
    pub bytes: u64,
    /// The size of the whole.
    pub size: u64,
}

impl Deployment<'_> {
    /// Gives the server the image that has this id here, under this name.
    pub(super) fn bring(
        &self,
        from: &Client,
        id: &str,
        tag: &str,
        report: &dyn Report,
    ) -> Result<Option<Sent>> {
        if self.engine.image(id)?.is_some() {
            self.engine.client().tag(id, tag)?;
            forget(from, self.engine.client(), tag);
            return Ok(None);
        }
        self.send(from, tag, report).map(Some)
    }

    fn send(&self, from: &Client, tag: &str, report: &dyn Report) -> Result<Sent> {
        let to = self.engine.client();
        let archive = self.session.folder().join("image.tar");
        from.save(tag, &archive)?;
        let size = fs_err::metadata(&archive)?.len();
        let sent = match self.pull(&archive, tag)? {
            Ok(sent) => sent,
            Err(reason) => {
                report.warn(&format!("the image is sent as a whole: {reason}"));
                to.load(&archive)?;
                Sent { bytes: size, size }
            }
        };
        fs_err::remove_file(&archive)?;
        forget(from, to, tag);
        let (bytes, size) = (columns::bytes(sent.bytes), columns::bytes(sent.size));
        report.step("Sent", &format!("{bytes} of {size}"));
        Ok(sent)
    }

    /// Has the server's engine get what it lacks; the reason in words if it cannot.
    fn pull(&self, archive: &std::path::Path, tag: &str) -> Result<Result<Sent, String>> {
        let Some(port) = self.session.backward() else {
            return Ok(Err(format!("sshd on {} forbids remote forwarding", self.session.host())));
        };
        let image = match Archive::read(archive) {
            Ok(image) => image,
            Err(reason) => return Ok(Err(reason)),
        };
        let registry = Registry::start(image, &self.service, &self.session.backward_socket())?;
        let (client, name) = (self.engine.client(), registry.reference(port));
        match client.cmd().args(["pull", "--quiet", &name]).output() {
            Ok(_) => {}
            Err(Error::Failed { stderr, .. }) => {
                let reason = last_line(&stderr);
                return Ok(Err(format!("the engine there cannot pull through the connection ({reason})")));
            }
            Err(error) => return Err(error),
        }
        client.tag(&name, tag)?;
        self.engine.remove_image(&name);
        Ok(Ok(Sent { bytes: registry.sent(), size: registry.size() }))
    }
}

/// Removes an image under this name, unless both clients speak to one engine. It is of no more use here: what it was
/// built from is in the builder's cache.
fn forget(here: &Client, there: &Client, tag: &str) {
    let id = engine_id(here);
    if id.is_some() && id != engine_id(there) {
        // A name that stays is no reason to fail.
        let _ = here.cmd().args(["rmi", tag]).output();
    }
}

fn engine_id(client: &Client) -> Option<String> {
    let id = client.cmd().args(["info", "--format", "{{.ID}}"]).output().ok()?;
    Some(id.trim().to_owned()).filter(|id| !id.is_empty())
}

#[cfg(all(test, unix))]
mod tests {
    use super::{super::engine::fake::FakeEngine, *};

    /// The calls of a client for the first engine, once the second one has the image.
    fn told(first: &str, second: &str) -> Vec<String> {
        let [here, there] = [first, second].map(|id| FakeEngine::new(&format!("info*) echo {id} ;;")));
        let clients = [&here, &there].map(|engine| Client::find(&engine.env()).unwrap());
        forget(&clients[0], &clients[1], "larder/web:1");
        here.told()
    }

    #[test]
    fn an_image_that_the_server_has_is_no_more_needed_here() {
        assert_eq!(told("one", "two"), ["info --format {{.ID}}", "rmi larder/web:1"]);
        // The server is this machine, or one of both does not tell.
        assert_eq!(told("one", "one"), ["info --format {{.ID}}"]);
        assert_eq!(told("", ""), ["info --format {{.ID}}"]);
    }
}
