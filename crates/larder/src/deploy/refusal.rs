//! Messages of ssh if it cannot connect or go on, each with a remedy.
//!
//! Its words are the only sign of what happened. It must never take one that is said of a healthy connection for a
//! reason.

/// How ssh says that sshd refuses to forward a connection.
pub(super) const PROHIBITED: &str = "administratively prohibited";

/// The reason in what ssh said, and the remedy.
pub(super) fn refusal(said: &str) -> (String, &'static str) {
    const KNOWN: [(&str, &str, &str); 12] = [
        (
            "REMOTE HOST IDENTIFICATION HAS CHANGED",
            "the server's host key is not the one in known_hosts",
            "find out why before you go on; if the server was set up anew, `ssh-keygen -R HOST` forgets the old key",
        ),
        (
            "Host key verification failed",
            "the server's host key is not known",
            "compare its fingerprint with the server's own, and connect once with `ssh`",
        ),
        (
            "too long for Unix domain socket",
            "the path of the temporary folder is too long for a socket",
            "set TMPDIR to a shorter one",
        ),
        // Before the keys: a port below 1024 is refused by the words of a refused key.
        (
            "Could not request local forwarding",
            "a port that your SSH configuration forwards for this server cannot be opened",
            "end the session that has it, or deploy to a `Host` without `LocalForward` and `DynamicForward`",
        ),
        (
            "remote port forwarding failed",
            "a port of the server that your SSH configuration forwards back cannot be opened",
            "end the session that has it, or deploy to a `Host` without `RemoteForward`",
        ),
        (
            "Permission denied",
            "the server takes none of the keys",
            "load the key with `ssh-add`, or add it on the server",
        ),
        ("Could not resolve hostname", "no address is known for that name", "check the name in `to`"),
        ("Connection refused", "connection refused", "check the port in `to`, and that sshd runs"),
        ("timed out", "no answer in time", "check the address in `to`, and the network"),
        ("No route to host", "no route to it", "check the address in `to`, and the network"),
        ("unreachable", "the network is unreachable", "check the network"),
        (
            PROHIBITED,
            "sshd forbids forwarding",
            "allow `AllowTcpForwarding` and `AllowStreamLocalForwarding` there, without a `PermitOpen`",
        ),
    ];
    let lines: Vec<&str> = said.lines().filter(|line| !is_of_a_port(line)).collect();
    let said = lines.join("\n");
    if let Some((_, reason, hint)) = KNOWN.into_iter().find(|(words, ..)| said.contains(words)) {
        return (reason.to_owned(), hint);
    }
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("the connection ended");
    (last.trim().to_owned(), "see that `ssh` gets there by itself")
}

/// Whether ssh only says that nothing listens on a port of the server. The channel 0 is none of ours, but the way
/// through a `ProxyJump`.
fn is_of_a_port(line: &str) -> bool {
    line.starts_with("channel ") && !line.starts_with("channel 0:") && line.contains(" connect failed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart() {
        for (said, reason) in [
            (
                "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
                "the server's host key is not the one in known_hosts",
            ),
            (
                "No ED25519 host key is known for h.\nHost key verification failed.\r\n",
                "the server's host key is not known",
            ),
            (
                "kex_exchange_identification: read: Connection reset by peer\r\n\r\n",
                "kex_exchange_identification: read: Connection reset by peer",
            ),
            (
                "bind [127.0.0.1]:8080: Address already in use\r\nCould not request local forwarding.\r\n",
                "a port that your SSH configuration forwards for this server cannot be opened",
            ),
            (
                "bind [127.0.0.1]:80: Permission denied\r\nCould not request local forwarding.\r\n",
                "a port that your SSH configuration forwards for this server cannot be opened",
            ),
            (
                "Error: remote port forwarding failed for listen port 8080\r\n",
                "a port of the server that your SSH configuration forwards back cannot be opened",
            ),
            (
                "channel 3: open failed: administratively prohibited: open failed\r\n",
                "sshd forbids forwarding",
            ),
            (
                "channel 3: open failed: connect failed: Connection refused\r\nTimeout, server a.\r\n",
                "Timeout, server a.",
            ),
            ("", "the connection ended"),
        ] {
            assert_eq!(refusal(said).0, reason);
        }
    }
}
