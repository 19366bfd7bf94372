//! Who may write is the server's matter: two credentials for one bucket, and the server refuses the reader's write.

use larder_store::remote::{Remote, conformance};

use crate::servers::{Server, moto, open, put};

/// Sends an action of IAM by somebody who may do all, and gives the answer.
fn action(server: &Server, name: &str, parameters: &[(&str, &str)]) -> String {
    let scope = "AWS4-HMAC-SHA256 Credential=root/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0";
    let all = [("Action", name), ("Version", "2010-05-08")].into_iter().chain(parameters.iter().copied());
    let request = ureq::post(server.address("/")).header("Authorization", scope);
    let answer = request.send_form(all).unwrap_or_else(|error| panic!("{name}: {error}"));
    answer.into_body().read_to_string().unwrap()
}

fn between<'a>(text: &'a str, tag: &str) -> &'a str {
    let start = text.find(&format!("<{tag}>")).unwrap_or_else(|| panic!("{tag}: {text}")) + tag.len() + 2;
    let end = text[start..].find('<').unwrap();
    &text[start..start + end]
}

/// A user of the bucket who may do this, by id and secret.
fn user(server: &Server, name: &str, actions: &str) -> (String, String) {
    action(server, "CreateUser", &[("UserName", name)]);
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{actions},"Resource":"*"}}]}}"#
    );
    let parameters = [("UserName", name), ("PolicyName", "units"), ("PolicyDocument", policy.as_str())];
    action(server, "PutUserPolicy", &parameters);
    let key = action(server, "CreateAccessKey", &[("UserName", name)]);
    (between(&key, "AccessKeyId").to_owned(), between(&key, "SecretAccessKey").to_owned())
}

#[test]
fn the_server_refuses_the_write_of_a_reader() {
    let Some(server) = moto("two credentials", &[]) else { return };
    put(&server.address("/units"));
    let writer = user(&server, "writer", r#"["s3:GetObject","s3:PutObject"]"#);
    let reader = user(&server, "reader", r#"["s3:GetObject"]"#);
    // From here on every request is held against these policies.
    ureq::post(server.address("/moto-api/reset-auth")).send("0").unwrap();
    let address = format!("s3://units/team?endpoint={}", server.address(""));
    let name = conformance::name("v1/one");
    open_as(&address, &writer.0, &writer.1).put_new(&name, b"first").unwrap();
    let by_reader = open_as(&address, &reader.0, &reader.1);
    assert_eq!(by_reader.get(&name, 10).unwrap().as_deref(), Some(b"first".as_slice()));
    let other = conformance::name("v1/two");
    let forged = open_as(&address, &writer.0, "forged-canary");
    let refused = [
        by_reader.put(&name, b"forged").unwrap_err(),
        by_reader.put_new(&other, b"forged").unwrap_err(),
        forged.put(&name, b"forged").unwrap_err(),
    ];
    for error in refused {
        assert!(error.to_string().contains("status 403"), "{error}");
        let told = format!("{error} {error:?}");
        assert!(![&reader.1, &writer.1, "canary"].iter().any(|secret| told.contains(*secret)), "{told}");
    }
    assert_eq!(by_reader.get(&name, 10).unwrap().as_deref(), Some(b"first".as_slice()));
}

fn open_as(address: &str, id: &str, secret: &str) -> Box<dyn Remote> {
    open(address, &[("AWS_ACCESS_KEY_ID", id), ("AWS_SECRET_ACCESS_KEY", secret)])
}
