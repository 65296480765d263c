//! Ids: enums each of whose variants has a written name.

/// A name that was asked for and that no id has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{asked}` is no {kind}, expected one of {known}")]
pub struct UnknownId {
    /// The kind of id: `line` or `step`.
    kind: &'static str,
    /// The name that was asked for.
    asked: String,
    /// The names that exist.
    known: String,
}

impl UnknownId {
    pub(crate) fn new(kind: &'static str, asked: &str, known: &[&'static str]) -> Self {
        Self {
            kind,
            asked: asked.to_owned(),
            known: known.join(", "),
        }
    }
}

/// Defines an enum of ids, with a list of all of them, the written name of each, and a parser of names.
macro_rules! named {
    ($(#[$about:meta])* $kind:literal $id:ident { $($(#[$of:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $id { $($(#[$of])* $variant,)* }

        impl $id {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name, as it is printed and as the command line takes it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }

        impl std::str::FromStr for $id {
            type Err = $crate::named::UnknownId;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                match name {
                    $($name => Ok(Self::$variant),)*
                    _ => Err($crate::named::UnknownId::new($kind, name, &[$($name,)*])),
                }
            }
        }

        impl std::fmt::Display for $id {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

pub(crate) use named;
