//! A process with which lines are exchanged. Whatever it does, nobody waits for it longer than a time-out, at most a
//! few of its lines are in memory, and it ends together with everything that it has started.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::{ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// The longest line that a process may write, in bytes.
const LONGEST: u64 = 1 << 20;

/// The number of lines that may wait to be read. A process that writes more of them blocks.
const WAITING: usize = 1;

/// The interval at which a wait checks whether the program was told to end.
const LOOK: Duration = Duration::from_millis(50);

/// The longest time that a process may take to end after it closed its output.
const ENDING: Duration = Duration::from_millis(500);

/// The reason why there is no line.
#[derive(Debug)]
pub(super) enum Silence {
    /// The time-out is over.
    Late,
    /// The process has ended, with its status, or it closed its output and still runs.
    Ended(Option<ExitStatus>),
    /// Its output cannot be read.
    Unreadable(io::Error),
    /// The user told the program to end.
    Interrupted,
}

/// A running process, which is the leader of a process group of its own.
#[derive(Debug)]
pub(super) struct Process {
    process: std::process::Child,
    /// The exit status, once its group has ended.
    status: Option<ExitStatus>,
    /// The channel to the thread that writes. A process that does not read would block that thread only.
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

    /// Sends a line and waits for one back, up to the time-out.
    pub(super) fn exchange(&mut self, line: &str, timeout: Duration, stop: &AtomicBool) -> Result<String, Silence> {
        let deadline = Instant::now() + timeout;
        // The channel has room, because the line before was written, or there would be no further question. A process
        // that does not read may still have written a line.
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

    /// The exit status of a process that closed its output, or `None` where it still runs.
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

    /// Ends the process group. This happens before the leader is waited for, because until then no other group can have
    /// its number.
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

/// The reason why nothing came through a channel.
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

/// Operations on a process group, on systems that have them.
#[cfg(unix)]
mod group {
    use std::os::unix::process::CommandExt as _;
    use std::process::{Child, Command};

    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

    pub(super) fn own(command: &mut Command) {
        command.process_group(0);
    }

    /// Whether the process has ended, before anybody has waited for it.
    pub(super) fn has_ended(process: &mut Child) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(Pid::from_child(process)), options), Ok(None))
    }

    pub(super) fn end(process: &mut Child) {
        let _ = kill_process_group(Pid::from_child(process), Signal::KILL);
        let _ = process.kill(); // The process may have left its group.
    }
}

/// On other systems a process ends alone.
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
