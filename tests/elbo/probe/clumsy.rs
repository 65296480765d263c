//! The time-out holds whatever a child does, and nothing of it is left: neither a process nor a file.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::unwrapped;

/// One position of one code: its divergence from the uniform distribution is 0 whatever the logits are.
const HELLO: &str = r#"{"statement":{"inputs":"tokens","dtype":"f32","layout":"BSK","prior":"uniform","claims":{"kl":{}}},"sizes":{"batch":1,"position":1,"code":1}}"#;

/// A child that greets, then does something with every question: `$a` is where the answer goes, `$n` its number.
fn child(act: &str) -> String {
    format!(
        r#"read -r line; echo '{HELLO}'; n=0
while read -r q; do n=$((n + 1)); a=${{q#*\"answer\":\"}}; a=${{a%%\"*}}; {act}
echo "{{\"question\":$n}}"; done"#
    )
}

/// A running probe whose files for the meantime lie in a folder of its own.
struct Probe {
    folder: TempDir,
    process: std::process::Child,
    begun: Instant,
}

impl Probe {
    fn start(options: &[&str], command: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        for name in ["tmp", "work"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        // Into a file and not a pipe, which a process that is left would hold open.
        let told = fs::File::create(folder.path().join("told")).unwrap();
        let process = Command::new(assert_cmd::cargo::cargo_bin("elbo"))
            .arg("probe")
            .args(options)
            .arg("--")
            .args(command)
            .env("TMPDIR", folder.path().join("tmp"))
            .current_dir(folder.path().join("work"))
            .stdin(Stdio::null())
            .stdout(told.try_clone().unwrap())
            .stderr(told)
            .spawn()
            .unwrap();
        Self {
            folder,
            process,
            begun: Instant::now(),
        }
    }

    fn temporary(&self) -> std::path::PathBuf {
        self.folder.path().join("tmp")
    }

    /// Exit code and output, within some seconds; nothing is left.
    fn end(mut self, within: Duration) -> (Option<i32>, String) {
        let told = || {
            unwrapped(&String::from_utf8_lossy(
                &fs::read(self.folder.path().join("told")).unwrap(),
            ))
        };
        let status = loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                break status;
            }
            if self.begun.elapsed() >= within {
                self.process.kill().unwrap();
                panic!("it did not end within {within:?}: {}", told());
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let left: Vec<_> = fs::read_dir(self.temporary()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        (status.code(), told())
    }
}

/// How many processes have such a word among their arguments, once they had time to end.
fn running(word: &str) -> usize {
    let has = |path: &Path| {
        let line = fs::read(path.join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0)
            .any(|argument| argument == word.as_bytes())
    };
    let count = || {
        fs::read_dir("/proc")
            .unwrap()
            .filter(|entry| has(&entry.as_ref().unwrap().path()))
            .count()
    };
    for _ in 0..100 {
        if count() == 0 {
            return 0;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    count()
}

#[test]
fn an_answer_that_is_no_regular_file_is_none() {
    for (act, expected) in [
        (r#"mkfifo "$a""#, "it is no regular file"),
        (r#"mkdir "$a""#, "it is no regular file"),
        (r#"ln -s /dev/zero "$a""#, "it is no regular file"),
        (r#"ln -s "$a" "$a""#, "its file cannot be read"),
        (r#"truncate -s 9G "$a""#, "it has 9663676416 bytes, expected at most"),
        (":", "its file cannot be read"),
        (r#"rm -rf "${a%/*}""#, "its file cannot be read"),
    ] {
        let probe = Probe::start(&["--timeout", "30"], &["sh", "-c", &child(act)]);
        let (code, text) = probe.end(Duration::from_secs(15));
        assert_eq!(code, Some(1), "{act}: {text}");
        assert!(text.contains("NO ANSWER") && text.contains(expected), "{act}: {text}");
    }
}

#[test]
fn nobody_waits_longer_than_the_time_out() {
    for (act, expected) in [
        ("sleep 60", "did not answer within 0.5 s"),
        ("printf x; sleep 60", "did not answer within 0.5 s"),
        ("exec <&-; sleep 60", "did not answer within 0.5 s"),
        ("exec >&-; sleep 60", "its output is closed"),
        ("yes", "expected value at line 1"),
        (
            "head -c 3000000 /dev/zero; sleep 60",
            "a line of more than 1048576 bytes",
        ),
        ("exit 7", "exit status: 7"),
        ("kill -9 $$", "signal: 9"),
        // Deaf to polite words, and its own child holds its output open.
        (
            "trap '' TERM INT HUP; sleep 60 & sleep 60",
            "did not answer within 0.5 s",
        ),
        ("sleep 60 & exit 3", "exit status: 3"),
    ] {
        let probe = Probe::start(
            &["--timeout", "0.5", "--start-timeout", "0.5"],
            &["sh", "-c", &child(act)],
        );
        let (code, text) = probe.end(Duration::from_secs(15));
        assert_eq!(code, Some(1), "{act}: {text}");
        assert!(text.contains("NO ANSWER") && text.contains(expected), "{act}: {text}");
    }
}

/// It answers rightly and reads nothing after the first question: a pipe has room for some 400 of them.
#[test]
fn questions_that_are_not_read_hold_nobody_up() {
    let act = r#"d=${a%/*}; i=1
        while [ $i -le 700 ]; do ln -s "ANSWER" "$d/$i.answer.safetensors"; echo "{\"question\":$i}"; i=$((i + 1)); done; sleep 60"#;
    let folder = TempDir::new().unwrap();
    let header = r#"{"claim.kl":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}"#;
    let mut answer = (header.len() as u64).to_le_bytes().to_vec();
    answer.extend(header.as_bytes());
    answer.extend([0; 4]);
    let path = folder.path().join("answer");
    fs::write(&path, answer).unwrap();
    let act = act.replace("ANSWER", &path.display().to_string());
    let probe = Probe::start(
        &["--timeout", "1", "--start-timeout", "1", "--rounds", "1000"],
        &["sh", "-c", &child(&act)],
    );
    let (code, text) = probe.end(Duration::from_secs(30));
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("did not answer within 1 s (--timeout), to question "),
        "{text}"
    );
}

#[test]
fn what_the_child_has_started_ends_with_it() {
    let word = format!("987.{}", std::process::id());
    let act = format!("(sleep {word}; sleep {word}) & sleep {word}");
    let probe = Probe::start(
        &["--timeout", "0.5", "--start-timeout", "0.5"],
        &["sh", "-c", &child(&act)],
    );
    let (code, text) = probe.end(Duration::from_secs(15));
    assert_eq!(code, Some(1), "{text}");
    assert_eq!(running(&word), 0);
}

#[test]
fn a_probe_that_is_told_to_end_takes_everything_along() {
    for (number, signal) in ["TERM", "HUP", "INT"].into_iter().enumerate() {
        let word = format!("{}.{}", 988 + number, std::process::id());
        let probe = Probe::start(
            &["--timeout", "60"],
            &["sh", "-c", &child(&format!("sleep {word} & sleep {word}"))],
        );
        let asked = || {
            fs::read_dir(probe.temporary())
                .unwrap()
                .any(|entry| fs::read_dir(entry.unwrap().path()).unwrap().count() > 0)
        };
        while !asked() {
            assert!(probe.begun.elapsed() < Duration::from_secs(20), "no question");
            std::thread::sleep(Duration::from_millis(10));
        }
        let killed = Command::new("kill")
            .args([&format!("-{signal}"), &probe.process.id().to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
        let (code, text) = probe.end(Duration::from_secs(25));
        assert_eq!(code, Some(2), "{text}");
        assert!(
            text.contains("interrupted before the child answered, to question 1"),
            "{text}"
        );
        assert_eq!(running(&word), 0);
    }
}
