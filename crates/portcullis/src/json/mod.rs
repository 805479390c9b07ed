//! JSON as tokens and keys need it: names that occur once, objects that are
//! written member by member.

mod object_writer;
mod strict;

pub(crate) use object_writer::ObjectWriter;
pub(crate) use strict::{Name, UniqueNames, UniqueSeed, check_unique};
