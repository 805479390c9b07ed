//! The guide's code, compiled, as a user has it: the adapters, and what is under their
//! names.

/// Compiles the pages of a chapter.
macro_rules! pages {
    ($($name:ident: $path:literal,)*) => {
        $(
            #[cfg(doctest)]
            #[doc = include_str!(concat!("../../../docs/guide/", $path))]
            mod $name {}
        )*
    };
}

pages! {
    actix: "actix.md",
    axum: "axum.md",
    several_issuers: "several-issuers.md",
    several_nodes: "several-nodes.md",
}
