//! stub
/// stub
pub fn sections(
    _: &reference::world::World,
    _: &str,
    _: reference::vocab::Reading,
) -> Result<Vec<String>, reference::vocab::Error> {
    Ok(vec![])
}
/// stub
pub fn text(s: &str) -> String {
    s.to_owned()
}
/// stub
pub fn html(
    _: &reference::world::World,
    _: &str,
    _: reference::vocab::Reading,
) -> Result<String, reference::vocab::Error> {
    Ok(String::new())
}
