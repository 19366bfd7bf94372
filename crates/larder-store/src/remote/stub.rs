//! Servers for tests that do what they are told.

use std::{
    io::{BufRead as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

/// Answers every request by a function of its lines, until the process ends.
pub(super) fn serve(
    answer: impl Fn(&[String], &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
) -> String {
    accept(move |stream| {
        let lines = BufReader::new(stream.try_clone()?).lines().map_while(std::io::Result::ok);
        let lines: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        answer(&lines, stream)
    })
}

/// Does something with every connection, until the process ends.
pub(super) fn accept(
    answer: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let answer = answer.clone();
            thread::spawn(move || answer(&mut stream));
        }
    });
    format!("http://{address}")
}

pub(super) fn head(status: &str, length: usize) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")
}

pub(super) fn path(request: &[String]) -> &str {
    request.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default()
}
