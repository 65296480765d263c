//! Enums whose variants have a written name.

/// An id that was asked for and that there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{asked}` is no {kind}, expected one of {known}")]
pub struct UnknownId {
    /// What ids it is of: lines, or steps.
    kind: &'static str,
    /// What was asked for.
    asked: String,
    /// What there is.
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

/// An enum of ids: all of them in order, each one's written name, and the id of a name.
macro_rules! named {
    ($(#[$about:meta])* $kind:literal $id:ident { $($(#[$of:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $id { $($(#[$of])* $variant,)* }

        impl $id {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name, as it is printed and asked for.
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
