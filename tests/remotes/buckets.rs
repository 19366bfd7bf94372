//! Buckets of S3.

use larder_store::remote::conformance;

use crate::servers::{moto, open, put, rclone};

const WRITER: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "writer"), ("AWS_SECRET_ACCESS_KEY", "secret-canary")];

#[test]
fn a_bucket_of_s3_is_a_remote_and_of_eight_writers_one_wins() {
    let Some(server) = moto("a bucket of S3", &[]) else { return };
    put(&server.address("/units"));
    let address = format!("s3://units/a/team?region=us-east-1&endpoint={}", server.address(""));
    let remote = open(&address, &WRITER);
    conformance::writes(&*remote);
    conformance::reads(&*remote);
    assert_eq!(conformance::race(|| open(&address, &WRITER), 40, 8), vec![1; 40]);
    assert_eq!(remote.describe(), "s3://units/a/team");
}

#[test]
fn a_server_of_files_that_heeds_conditions_is_written_by_put() {
    let Some(server) = moto("HTTP by PUT", &[]) else { return };
    put(&server.address("/units"));
    let address = server.address("/units/a/team");
    let user = [("LARDER_STORE_TOKEN", "secret-canary")];
    conformance::writes(&*open(&address, &user));
    conformance::reads(&*open(&address, &user));
    assert_eq!(conformance::race(|| open(&address, &user), 5, 8), vec![1; 5]);
}

#[test]
fn a_bucket_that_is_not_there_is_trouble_and_no_miss() {
    let Some(server) = moto("a bucket that is not there", &[]) else { return };
    let remote = open(&format!("s3://absent/a?endpoint={}", server.address("")), &WRITER);
    let name = conformance::name("one");
    let errors = [remote.get(&name, 10).unwrap_err(), remote.put_new(&name, b"x").unwrap_err()];
    for error in errors {
        assert!(error.to_string().contains("the bucket is not there"), "{error}");
    }
}

#[test]
fn a_server_that_is_no_good_one_gives_nothing_that_was_not_written() {
    let Some(server) = rclone("S3 by rclone") else { return };
    let address = format!("s3://units/a/team?endpoint={}", server.address(""));
    let winners = conformance::race(|| open(&address, &WRITER), 40, 8);
    // A caller that asks for one winner has to ask another server; what is there is whole all the same.
    assert!(winners.iter().any(|count| *count > 1), "{winners:?}");
}
