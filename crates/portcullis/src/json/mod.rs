//! JSON as tokens and keys need it: names that occur once, objects that are
//! read and written member by member.

mod object_reader;
mod object_text;
mod object_writer;
mod strict;

pub(crate) use object_reader::{Member, Members, ObjectError, read_object};
pub(crate) use object_text::ObjectText;
pub(crate) use object_writer::ObjectWriter;
pub(crate) use strict::{
    Name, StrictJsonError, UniqueNames, UniqueSeed, check_unique, check_unique_value,
};
