//! A process and its lines. Whatever it does or leaves undone, nobody waits for it beyond a time-out, no more than a few of its lines lie in
//! memory, and it ends together with everything that it has started.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::{ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// The longest line that a process may write.
const LONGEST: u64 = 1 << 20;

/// How many lines may wait to be taken; a process that writes more of them waits itself.
const WAITING: usize = 1;

/// How often a wait looks whether the program was told to end.
const LOOK: Duration = Duration::from_millis(50);

/// How long a process whose output is closed may take to end.
const ENDING: Duration = Duration::from_millis(500);

/// Why there is no line.
#[derive(Debug)]
pub(super) enum Silence {
    /// The time is over.
    Late,
    /// The process has ended, or closed its output and goes on.
    Ended(Option<ExitStatus>),
    /// What it writes cannot be read.
    Unreadable(io::Error),
    /// The program was told to end.
    Interrupted,
}

/// A running process that leads a group of its own.
#[derive(Debug)]
pub(super) struct Process {
    process: std::process::Child,
    /// How it ended, once its group is gone.
    status: Option<ExitStatus>,
    /// To the thread that writes: a process that does not read holds up whoever writes to it.
    questions: SyncSender<String>,
    written: Receiver<io::Result<()>>,
    lines: Receiver<io::Result<String>>,
}

impl Process {
    /// Starts a command.
    pub(super) fn start(program: &str, args: &[String]) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        group::own(&mut command);
        let mut process = command.spawn()?;
        let (questions, to_write) = sync_channel(WAITING);
        let (confirm, written) = sync_channel(WAITING);
        let (sender, lines) = sync_channel(WAITING);
        if let Some(input) = process.stdin.take() {
            std::thread::spawn(move || write_lines(input, &to_write, &confirm));
        }
        if let Some(output) = process.stdout.take() {
            std::thread::spawn(move || read_lines(output, &sender));
        }
        Ok(Self {
            process,
            status: None,
            questions,
            written,
            lines,
        })
    }

    /// A line there, a line back, within a time.
    pub(super) fn exchange(&mut self, line: &str, timeout: Duration, stop: &AtomicBool) -> Result<String, Silence> {
        let deadline = Instant::now() + timeout;
        // There is room: the line before was written, else there is no question after it. One that does not listen may have spoken all the same.
        let sent = self.questions.try_send(format!("{line}\n")).is_ok();
        let written = if sent {
            wait(&self.written, deadline, stop)
        } else {
            Err(Waited::Closed)
        };
        let answer = match written {
            Ok(_) | Err(Waited::Closed) => wait(&self.lines, deadline, stop),
            Err(waited) => Err(waited),
        };
        match answer {
            Ok(line) => line.map_err(Silence::Unreadable),
            Err(Waited::Interrupted) => Err(Silence::Interrupted),
            Err(Waited::Late) if group::has_ended(&mut self.process) => Err(Silence::Ended(self.end())),
            Err(Waited::Late) => Err(Silence::Late),
            Err(Waited::Closed) => Err(Silence::Ended(self.ended())),
        }
    }

    /// How a process ended whose output is closed; nothing where it goes on.
    fn ended(&mut self) -> Option<ExitStatus> {
        let deadline = Instant::now() + ENDING;
        while !group::has_ended(&mut self.process) {
            if Instant::now() >= deadline {
                return None;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.end()
    }

    /// Ends the group. It goes before its leader is waited for: until then nobody else can have its number.
    fn end(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            group::end(&mut self.process);
            self.status = self.process.wait().ok();
        }
        self.status
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// Why nothing came through a channel.
enum Waited {
    Late,
    Closed,
    Interrupted,
}

fn wait<T>(channel: &Receiver<T>, deadline: Instant, stop: &AtomicBool) -> Result<T, Waited> {
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(Waited::Interrupted);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        match channel.recv_timeout(left.min(LOOK)) {
            Ok(found) => return Ok(found),
            Err(RecvTimeoutError::Disconnected) => return Err(Waited::Closed),
            Err(RecvTimeoutError::Timeout) if left <= LOOK => return Err(Waited::Late),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

fn write_lines(mut input: ChildStdin, lines: &Receiver<String>, confirm: &SyncSender<io::Result<()>>) {
    for line in lines {
        let written = input.write_all(line.as_bytes()).and_then(|()| input.flush());
        if confirm.send(written).is_err() {
            break;
        }
    }
}

fn read_lines(output: ChildStdout, sender: &SyncSender<io::Result<String>>) {
    let mut output = BufReader::new(output);
    loop {
        let mut line = Vec::new();
        let read = output.by_ref().take(LONGEST).read_until(b'\n', &mut line);
        let line = match read {
            Ok(0) => break,
            Ok(_) if line.len() as u64 == LONGEST && !line.ends_with(b"\n") => {
                Err(io::Error::other(format!("a line of more than {LONGEST} bytes")))
            }
            read => read.map(|_| String::from_utf8_lossy(&line).into_owned()),
        };
        let last = line.is_err();
        if sender.send(line).is_err() || last {
            break;
        }
    }
}

/// A process and all that it starts, as the system knows them.
#[cfg(unix)]
mod group {
    use std::os::unix::process::CommandExt as _;
    use std::process::{Child, Command};

    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

    pub(super) fn own(command: &mut Command) {
        command.process_group(0);
    }

    /// Whether it has ended, though nobody has waited for it yet.
    pub(super) fn has_ended(process: &mut Child) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(Pid::from_child(process)), options), Ok(None))
    }

    pub(super) fn end(process: &mut Child) {
        let _ = kill_process_group(Pid::from_child(process), Signal::KILL);
        let _ = process.kill(); // one that has left its group
    }
}

/// Elsewhere a process ends alone.
#[cfg(not(unix))]
mod group {
    use std::process::{Child, Command};

    pub(super) fn own(_: &mut Command) {}

    pub(super) fn has_ended(process: &mut Child) -> bool {
        !matches!(process.try_wait(), Ok(None))
    }

    pub(super) fn end(process: &mut Child) {
        let _ = process.kill();
    }
}
