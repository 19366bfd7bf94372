//! Buckets by their addresses, with credentials from the usual variables.
//!
//! Without credentials a bucket is asked as anybody would. Nothing is looked for on the machine or its network, unless a
//! variable says that it is there.

use std::sync::Arc;

use object_store::{
    ObjectStore, RetryConfig, StaticCredentialProvider,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    azure::{AzureConfigKey, MicrosoftAzureBuilder},
    gcp::{GcpCredential, GoogleCloudStorageBuilder, GoogleConfigKey},
};

use super::{
    super::{
        contract::{PlainHttp, bad_address},
        credentials::Credentials,
        http::checked,
        wire::Wire,
    },
    service::{CloudService, Conflict},
};
use crate::{Error, Result};

/// Further options that an address may name for its bucket.
#[derive(Debug, Default)]
struct BucketOptions<'a> {
    region: Option<&'a str>,
    endpoint: Option<&'a str>,
    account: Option<&'a str>,
}

pub(super) fn store(
    scheme: &str,
    bucket: &str,
    query: &str,
    plain: PlainHttp,
    user: &Credentials,
) -> Result<Box<dyn ObjectStore>> {
    let options = BucketOptions::parse(scheme, query)?;
    if let Some(endpoint) = options.endpoint {
        checked(endpoint, plain)?;
    }
    let conflict = match scheme {
        "s3" | "gs" => Conflict::Passing,
        _ => Conflict::Present,
    };
    let service = CloudService { wire: Wire::new(plain), conflict };
    let built: object_store::Result<Box<dyn ObjectStore>> = match scheme {
        "s3" => {
            s3(bucket, &options, user).with_http_connector(service).build().map(|store| Box::new(store) as _)
        }
        "gs" => google(bucket, user).with_http_connector(service).build().map(|store| Box::new(store) as _),
        _ => azure(bucket, &options, user)
            .with_http_connector(service)
            .build()
            .map(|store| Box::new(store) as _),
    };
    // The error would say what a variable holds.
    built.map_err(|_| Error::bad("the remote of the store", incomplete(scheme)))
}

fn incomplete(scheme: &str) -> &'static str {
    match scheme {
        "s3" => "the variables AWS_… do not name credentials for it",
        "gs" => "the variables GOOGLE_… do not name credentials for it",
        _ => "the variables AZURE_… do not name an account and credentials for it",
    }
}

impl<'a> BucketOptions<'a> {
    fn parse(scheme: &str, query: &'a str) -> Result<Self> {
        let mut options = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            // Both become a part of the host's name, which must stay the cloud's.
            let is_of_host = ["region", "account"].contains(&name);
            if is_of_host && !value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
                return Err(bad_address(&format!("`{name}` in it takes letters, digits and hyphens only")));
            }
            match (scheme, name) {
                ("s3", "region") => options.region = Some(value),
                ("s3", "endpoint") => options.endpoint = Some(value),
                ("az", "account") => options.account = Some(value),
                // Whatever else it is may be secret.
                _ => {
                    let reason = format!("an address with {scheme}:// has an option that is not known");
                    return Err(bad_address(&reason));
                }
            }
        }
        Ok(options)
    }
}

/// One attempt: a remote that is asked again is the matter of [`Patient`](super::super::Patient).
fn once() -> RetryConfig {
    RetryConfig { max_retries: 0, ..RetryConfig::default() }
}

fn s3(bucket: &str, options: &BucketOptions<'_>, user: &Credentials) -> AmazonS3Builder {
    let known = |name: &str| name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>().ok();
    let mut builder = AmazonS3Builder::new().with_retry(once());
    for (name, value) in user.starting(&["AWS_"]) {
        if let Some(key) = known(name) {
            builder = builder.with_config(key, value);
        }
    }
    if let Some(region) = options.region {
        builder = builder.with_region(region);
    }
    if let Some(endpoint) = options.endpoint {
        builder = builder.with_config(AmazonS3ConfigKey::S3Endpoint, endpoint);
    }
    let is_known = [
        "AWS_ACCESS_KEY_ID",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_METADATA_ENDPOINT",
    ];
    let is_known = is_known.iter().any(|name| user.set(name).is_some());
    builder.with_bucket_name(bucket).with_skip_signature(!is_known)
}

fn google(bucket: &str, user: &Credentials) -> GoogleCloudStorageBuilder {
    let known = |name: &str| name.to_ascii_lowercase().parse::<GoogleConfigKey>().ok();
    let mut builder = GoogleCloudStorageBuilder::new().with_retry(once());
    for (name, value) in user.starting(&["GOOGLE_"]) {
        if let Some(key) = known(name) {
            builder = builder.with_config(key, value);
        }
    }
    let builder = builder.with_bucket_name(bucket);
    let files = ["GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_KEY", "GOOGLE_APPLICATION_CREDENTIALS"];
    if files.iter().any(|name| user.set(name).is_some()) {
        return builder;
    }
    // Given either way, object_store does not look for a file in the home folder.
    let token =
        ["GOOGLE_OAUTH_ACCESS_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN"].iter().find_map(|name| user.set(name));
    let bearer = token.unwrap_or_default().to_owned();
    let credential = Arc::new(StaticCredentialProvider::new(GcpCredential { bearer }));
    builder.with_credentials(credential).with_skip_signature(token.is_none())
}

fn azure(container: &str, options: &BucketOptions<'_>, user: &Credentials) -> MicrosoftAzureBuilder {
    let known = |name: &str| name.to_ascii_lowercase().parse::<AzureConfigKey>().ok();
    let mut builder = MicrosoftAzureBuilder::new().with_retry(once());
    let mut is_known = false;
    for (name, value) in user.starting(&["AZURE_"]) {
        // It would be asked for on the machine.
        let key = known(name)
            .filter(|key| !matches!(key, AzureConfigKey::UseEmulator | AzureConfigKey::UseAzureCli));
        let Some(key) = key else { continue };
        is_known |= matches!(
            key,
            AzureConfigKey::AccessKey
                | AzureConfigKey::SasKey
                | AzureConfigKey::Token
                | AzureConfigKey::ClientSecret
                | AzureConfigKey::FederatedTokenFile
        );
        builder = builder.with_config(key, value);
    }
    if let Some(account) = options.account {
        builder = builder.with_account(account);
    }
    builder.with_container_name(container).with_skip_signature(!is_known)
}
