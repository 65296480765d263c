//! The memory that the system still lets this process have, as `/proc` says.

use std::fs::read_to_string;

/// The number of bytes that the limits on address space and on data (`ulimit -v`, `ulimit -d`) leave. It is `None`
/// where there is no limit, or where the limits cannot be read.
#[must_use]
pub fn room() -> Option<u64> {
    let [limits, status] = ["limits", "status"].map(|name| read_to_string(format!("/proc/self/{name}")).ok());
    let (limits, status) = (limits?, status?);
    let left = |limit: &str, used: &str| Some(behind(&limits, limit)?.saturating_sub(1024 * behind(&status, used)?));
    let left = [left("Max address space", "VmSize:"), left("Max data size", "VmData:")];
    left.into_iter().flatten().min()
}

/// The number after a name at the beginning of a line. It is `None` for another word, such as `unlimited`.
#[must_use]
pub fn behind(text: &str, name: &str) -> Option<u64> {
    let words = text.lines().find_map(|line| line.strip_prefix(name))?;
    words.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::behind;

    #[test]
    fn a_number_is_the_first_word_behind_its_name() {
        let text = "Max data size             unlimited            unlimited            bytes\n\
            Max address space         4096000              unlimited            bytes\nVmSize:\t  12 kB\n";
        assert_eq!(behind(text, "Max address space"), Some(4_096_000));
        assert_eq!(behind(text, "VmSize:"), Some(12));
        assert_eq!(behind(text, "Max data size"), None);
        assert_eq!(behind(text, "VmData:"), None);
    }
}
