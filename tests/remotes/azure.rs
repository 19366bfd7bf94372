//! A container of Azure, by Azurite: as whoever has the account's key, and as somebody with a link for reading.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use larder_store::{digest::Digest, remote::conformance};
use larder_tests::{Surroundings, not_everywhere};

use crate::servers::{Server, open, put};

const PROGRAM: &str = "azurite-blob";
/// The account that Azurite always has, and its key, which its makers tell everybody.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const VERSION: &str = "2021-08-06";
const END: &str = "2099-01-01T00:00:00Z";
/// HMAC's block of SHA-256.
const BLOCK: usize = 64;

/// A query that lets whoever has it do this with the account's containers.
fn link(permissions: &str) -> String {
    let text = format!("{ACCOUNT}\n{permissions}\nb\nsco\n\n{END}\n\n\n{VERSION}\n\n");
    let signature = STANDARD.encode(hmac(&STANDARD.decode(KEY).unwrap(), text.as_bytes()));
    let signature = signature.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    format!("sv={VERSION}&ss=b&srt=sco&sp={permissions}&se={}&sig={signature}", END.replace(':', "%3A"))
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0; BLOCK];
    block[..key.len()].copy_from_slice(key);
    hash(&block, 0x5c, &hash(&block, 0x36, text))
}

/// The digest of the key's block with a padding, and of a text after it.
fn hash(block: &[u8; BLOCK], pad: u8, text: &[u8]) -> Vec<u8> {
    let padded = block.iter().map(|byte| byte ^ pad).chain(text.iter().copied()).collect::<Vec<_>>();
    bytes(&Digest::hash(&padded).to_string())
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let byte = |index: usize| u8::from_str_radix(&hexadecimal[index..index + 2], 16).unwrap();
    (0..hexadecimal.len()).step_by(2).map(byte).collect()
}

fn azurite(test: &str) -> Option<Server> {
    if Surroundings::get().env().find_program(PROGRAM).is_none() {
        // Debian has no npm without hundreds of packages.
        not_everywhere(test, "PATH has no azurite-blob; set-up gets it if there is npm");
        return None;
    }
    Server::start(test, PROGRAM, words_of_azurite, &[])
}

/// The words of a call that serves a folder.
fn words_of_azurite(port: u16, folder: &Path) -> Vec<String> {
    let folder = folder.display().to_string();
    ["--blobHost=127.0.0.1", &format!("--blobPort={port}"), "--location", &folder, "--skipApiVersionCheck"]
        .map(str::to_owned)
        .to_vec()
}

#[test]
fn a_container_of_azure_is_a_remote_and_the_server_refuses_the_write_of_a_reader() {
    let Some(server) = azurite("a container of Azure") else { return };
    let endpoint = server.address(&format!("/{ACCOUNT}"));
    put(&format!("{endpoint}/units?restype=container&{}", link("rwdlac")));
    let address = format!("az://units/a/team?account={ACCOUNT}");
    let by_key = [("AZURE_STORAGE_ENDPOINT", endpoint.as_str()), ("AZURE_STORAGE_ACCOUNT_KEY", KEY)];
    let remote = open(&address, &by_key);
    conformance::writes(&*remote);
    conformance::reads(&*remote);
    assert_eq!(conformance::race(|| open(&address, &by_key), 10, 8), vec![1; 10]);

    let for_reading = link("r");
    let by_link =
        [("AZURE_STORAGE_ENDPOINT", endpoint.as_str()), ("AZURE_STORAGE_SAS_TOKEN", for_reading.as_str())];
    conformance::reads(&*open(&address, &by_link));
    let reader = open(&address, &by_link);
    let name = conformance::name("one");
    for error in [reader.put(&name, b"x").unwrap_err(), reader.put_new(&name, b"x").unwrap_err()] {
        assert!(error.to_string().contains("status 403"), "{error}");
        assert!(!format!("{error} {error:?}").contains("sig="), "{error:?}");
    }
    let absent = open(&address.replace("units", "absent"), &by_key);
    assert!(absent.get(&name, 10).unwrap_err().to_string().contains("the bucket is not there"));
}
